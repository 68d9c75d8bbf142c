package localfs

const childVar = "S3FC_LOCALFS_CHILD"

func runChild() int { return 1 }
