//! Files by content: durable, checked, idempotent.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime};

use legion_store::{BlobError, BlobStore, Digest};

#[test]
fn bytes_come_back_by_their_digest() {
    let data = tempfile::tempdir().unwrap();
    let store = BlobStore::open(data.path()).unwrap();
    let abc = store.put(b"abc").unwrap();
    // The published test vector of SHA-256.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(abc.to_string(), expected);
    assert_eq!(expected.parse::<Digest>().unwrap(), abc);
    let path = data.path().join("blobs/ba").join(&expected[2..]);
    assert_eq!(fs::read(&path).unwrap(), b"abc");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let large = vec![7; 3_000_000];
    let digest = store.put(&large).unwrap();
    assert_eq!(store.put(&large).unwrap(), digest);
    assert_eq!(store.get(&digest).unwrap(), large);
    assert_eq!(store.get(&store.put(b"").unwrap()).unwrap(), b"");
    assert_eq!(BlobStore::open(data.path()).unwrap().get(&abc).unwrap(), b"abc");
    assert_eq!(fs::read_dir(data.path().join("blobs/incoming")).unwrap().count(), 0);
}

#[test]
fn a_digest_is_64_lower_case_hexadecimal_digits() {
    let good = "0".repeat(64);
    for bad in ["", "0", &"0".repeat(63), &"0".repeat(65), &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
        assert!(bad.parse::<Digest>().is_err(), "{bad}");
    }
    assert_eq!(good.parse::<Digest>().unwrap().as_bytes(), &[0; 32]);
    let json = serde_json::to_string(&Digest::of(b"x")).unwrap();
    assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), Digest::of(b"x"));
}

#[test]
fn damage_and_absence_are_named_and_putting_again_heals() {
    let data = tempfile::tempdir().unwrap();
    let store = BlobStore::open(data.path()).unwrap();
    let digest = store.put(b"the plan").unwrap();
    fs::write(store.path(&digest), b"the plam").unwrap();
    let error = store.get(&digest).unwrap_err();
    assert!(matches!(&error, BlobError::Corrupt { actual, .. } if *actual == Digest::of(b"the plam")), "{error:?}");
    assert!(error.to_string().contains("is damaged"), "{error}");
    store.put(b"the plan").unwrap();
    assert_eq!(store.get(&digest).unwrap(), b"the plan");
    assert!(store.remove(&digest).unwrap());
    assert!(!store.remove(&digest).unwrap());
    assert!(matches!(store.get(&digest), Err(BlobError::Missing { .. })));
}

#[test]
fn many_may_put_the_same_at_once() {
    let data = tempfile::tempdir().unwrap();
    let store = BlobStore::open(data.path()).unwrap();
    let bodies: Vec<Vec<u8>> = (0..10u8).map(|n| vec![n; 20_000]).collect();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for body in &bodies {
                    let digest = store.put(body).unwrap();
                    assert_eq!(&store.get(&digest).unwrap(), body);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(data.path().join("blobs/incoming")).unwrap().count(), 0);
}

#[test]
fn opening_removes_what_a_crash_left_and_nothing_younger() {
    let data = tempfile::tempdir().unwrap();
    BlobStore::open(data.path()).unwrap();
    let incoming = data.path().join("blobs/incoming");
    let (old, young) = (incoming.join("old"), incoming.join("young"));
    fs::write(&old, b"half").unwrap();
    fs::write(&young, b"half").unwrap();
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    fs::File::options().write(true).open(&old).unwrap().set_modified(yesterday).unwrap();
    BlobStore::open(data.path()).unwrap();
    assert!(!old.exists());
    assert!(young.exists());
}
