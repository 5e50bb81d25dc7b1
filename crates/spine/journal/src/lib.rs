//! Hash-chained, epoch-fenced journal: one file set that every site of a machine can read and one leader can append to.
