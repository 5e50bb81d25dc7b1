//! TigerBeetle's own programs against a site of ours.
