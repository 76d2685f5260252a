// Package cluster runs one load as several shards, each a process of its own: on
// this machine, or as the pods of an Indexed Job on Kubernetes. A coordinator
// talks with each shard over its standard input and output, so that the protocol
// is the same in both places:
//
//	coordinator                       shard
//	plan (file, or first line)   →
//	                             ←    ready for a stage
//	start in so many ms          →
//	                             ←    progress, many times
//	                             ←    result, in chunks, with its length and digest
//	stop                         →    (what ran until then is the result)
//
// Every line of a shard has a number, so that a stream that is read again from
// its beginning counts once.
package cluster
