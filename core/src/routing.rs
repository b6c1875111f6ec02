//! Which shard a business belongs to when nothing else says so.

use md5::{Digest, Md5};

use crate::BusinessId;

/// The shard (1..=`shards`) of a business by its hash: md5 over the 36-character lower-case hyphenated UUID,
/// read as one big-endian number, modulo the number of shards, plus one. No shards: 1.
pub fn hash_route(business: BusinessId, shards: u16) -> u16 {
    let digest: [u8; 16] = Md5::digest(business.uuid().hyphenated().to_string()).into();
    let place = u128::from_be_bytes(digest) % u128::from(shards.max(1));
    u16::try_from(place).unwrap_or(0).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn route(uuid: &str) -> Vec<u16> {
        let business = BusinessId::from(Uuid::parse_str(uuid).unwrap());
        [2, 3, 5, 10]
            .into_iter()
            .map(|shards| hash_route(business, shards))
            .collect()
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(route("018f3b9e-7c1a-7b2d-9e4f-0123456789ab"), [2, 2, 1, 6]);
        assert_eq!(route("00000000-0000-7000-8000-000000000000"), [2, 1, 3, 8]);
    }
}
