// Package engines tests the examples of engines that carry out a divided copy: GNU
// parallel and Slurm as they are, AWS Batch and Kubernetes simulated.
package engines
