//! Secure connections: rustls on ring, with the authorities of the machine or of a file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::upstream::fault::Fault;

/// The settings of connections that trust a file's authorities, or the machine's.
pub(crate) fn client(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, Fault> {
    static OF_MACHINE: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    match authorities {
        None => OF_MACHINE.get_or_init(|| of_machine().and_then(config)).clone(),
        Some(path) => of_file(path).and_then(config),
    }
    .map_err(Fault::Authorities)
}

fn of_machine() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this machine has none; install its package of certificates (ca-certificates)".to_owned());
    }
    Ok(roots)
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let fail = |why: &dyn std::fmt::Display| format!("`{}`: {why}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(&error))? {
        let certificate = certificate.map_err(|error| fail(&error))?;
        roots.add(certificate).map_err(|error| fail(&error))?;
    }
    if roots.is_empty() { Err(fail(&"it holds no certificate")) } else { Ok(roots) }
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    // Named here: which one is right must not depend on what else is in the program.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
