// Package ability knows what S3 does and some stores do not, and learns it of the
// store of a run. There is one table: for each ability, how a refusal is told from
// another error, what a person is told, and whether other runs may rely on it.
//
// An ability that only saves time ([Ability.SavesTime]) is remembered for a week. One
// that a promise rests on is learnt anew in each run, only after a proof that the
// refusal cannot be about anything else, and its loss is a warning. Three things are
// no abilities, and are never given up: a check of the bytes that were stored
// (Content-MD5), the metadata md5, and the page of a link.
package ability
