// Package ability knows the abilities of S3 that some stores lack, and learns the
// lacking ones in a run. There is one table: for each ability, how a refusal is
// told from another error, the note for the user, and whether other runs may rely
// on it.
//
// An ability that only saves time ([Ability.SavesTime]) is remembered for a week.
// One that a guarantee needs is learnt anew in each run, only after a proof that
// the refusal cannot have another cause, and its loss is a warning. Three things
// are no abilities, and are never given up: a check of the bytes that were stored
// (Content-MD5), the metadata md5, and the page of a link.
package ability
