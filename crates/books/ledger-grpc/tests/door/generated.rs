//! The code in `src/generated.rs` and the descriptors in `src/descriptors.bin` are those of the `.proto` file.
//!
//! They are kept in the repository, so that a build needs no compiler for Protocol Buffers: neither `protoc`, nor the forty
//! crates that generate code from its descriptors. This test makes them again, with both, and compares; with
//! `UPDATE_EXPECT=1` in the environment it writes what is new. So change the `.proto` file, run this test, and then use what
//! is new in it.

use std::fs;
use std::path::Path;

use gateway::MethodKind;

const PROTO: &str = "tongbao/ledger/v1/ledger.proto";

/// Lines of the descriptors' comments would say the same once more.
fn without_comments(mut set: prost_types::FileDescriptorSet) -> Vec<u8> {
    set.file.iter_mut().for_each(|file| file.source_code_info = None);
    prost::Message::encode_to_vec(&set)
}

/// The gateway knows which methods are more than a call.
#[test]
fn the_gateway_knows_how_each_method_talks() {
    let services = [ledger_grpc::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET]
        .map(|bytes| <prost_types::FileDescriptorSet as prost::Message>::decode(bytes).unwrap());
    let mut methods = 0;
    for file in services.iter().flat_map(|set| &set.file) {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let kind = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => MethodKind::Call,
                    (false, true) => MethodKind::List,
                    (true, _) => MethodKind::Pipeline,
                };
                assert_eq!(gateway::method_kind(&path), kind, "{path}");
                methods += 1;
            }
        }
    }
    assert!(methods >= 12, "{methods}");
}

#[test]
fn what_is_generated_is_that_of_the_proto_file() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = protox::compile([PROTO], [home.join("proto")]).unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .codec_path("crate::codec::StrictCodec")
        .emit_rerun_if_changed(false)
        .out_dir(out.path())
        .compile_fds_with_config(set.clone(), config)
        .unwrap();
    let code = fs::read(out.path().join("tongbao.ledger.v1.rs")).unwrap();
    let descriptors = without_comments(set);
    for (name, made) in [("generated.rs", code), ("descriptors.bin", descriptors)] {
        let kept = home.join("src").join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
            fs::write(&kept, &made).unwrap();
        }
        let same = fs::read(&kept).unwrap_or_default() == made;
        assert!(same, "src/{name} is not that of {PROTO}: run this test once with UPDATE_EXPECT=1");
    }
}
