//! Certificate authorities from a file, read once and checked: a file that is missing, empty or not PEM is an error at
//! start, instead of making every call fail later.

use std::fmt;
use std::path::Path;

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates of authorities that are trusted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// Why a file gives no authorities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// The file cannot be read.
    #[error("{file} cannot be read: {why}")]
    Unreadable {
        /// The path of the file.
        file: String,
        /// The error of the operating system.
        why: String,
    },
    /// The file has no certificate.
    #[error("{file} holds no certificate; it must be PEM, with -----BEGIN CERTIFICATE----- in it")]
    Empty {
        /// The path of the file.
        file: String,
    },
    /// A certificate in the file cannot be used.
    #[error("{file} cannot be used: certificate {number} in it is damaged ({why})")]
    Damaged {
        /// The path of the file.
        file: String,
        /// Its number in the file, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Authorities {
    /// All certificates of a PEM file; each must be usable.
    pub fn read(path: &Path) -> Result<Self, AuthoritiesError> {
        let (mut all, mut store) = (Vec::new(), RootCertStore::empty());
        for (at, certificate) in certificates(path)?.into_iter().enumerate() {
            let damaged =
                |why: String| AuthoritiesError::Damaged { file: path.display().to_string(), number: at + 1, why };
            let certificate = certificate.map_err(damaged)?;
            store.add(certificate.clone()).map_err(|error| damaged(error.to_string()))?;
            all.push(certificate);
        }
        if all.is_empty() { Err(empty(path)) } else { Ok(Self(all)) }
    }

    /// Checks that a bundle of the system can be used: at least one of its certificates must be usable. Bundles hold
    /// odd ones too.
    pub fn check_bundle(path: &Path) -> Result<(), AuthoritiesError> {
        let mut store = RootCertStore::empty();
        let usable = certificates(path)?.into_iter().flatten().any(|certificate| store.add(certificate).is_ok());
        if usable { Ok(()) } else { Err(empty(path)) }
    }

    /// The certificates for the HTTP library. Each was checked when it was read.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.0.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
    }
}

fn certificates(path: &Path) -> Result<Vec<Result<CertificateDer<'static>, String>>, AuthoritiesError> {
    let unreadable = |error: std::io::Error| AuthoritiesError::Unreadable {
        file: path.display().to_string(),
        why: error.to_string(),
    };
    let text = std::fs::read(path).map_err(unreadable)?;
    Ok(CertificateDer::pem_slice_iter(&text).map(|one| one.map_err(|error| error.to_string())).collect())
}

fn empty(path: &Path) -> AuthoritiesError {
    AuthoritiesError::Empty { file: path.display().to_string() }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn localhost() -> String {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_without_a_usable_authority_is_told_by_name() {
        let torn = localhost().replace("MII", "!!!");
        let foreign = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (text, words) in
            [("", "no certificate"), ("hello", "no certificate"), (&torn, "certificate 1"), (foreign, "certificate 1")]
        {
            let file = file(text);
            let error = Authorities::read(file.path()).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(&file.path().display().to_string()), "{text}: {error}");
            assert!(Authorities::check_bundle(file.path()).is_err(), "{text}");
        }
        let missing = Path::new("/nowhere/ca.pem");
        assert!(Authorities::read(missing).unwrap_err().to_string().contains("/nowhere/ca.pem"));
        assert!(Authorities::check_bundle(missing).unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn certificates_are_read_and_a_bundle_may_have_odd_ones() {
        let two = file(&format!("a comment\n{}{}", localhost(), localhost()));
        let read = Authorities::read(two.path()).unwrap();
        assert_eq!(format!("{read:?}"), "Authorities(2)");
        assert_eq!(read.certificates().len(), 2);
        let odd = file(&format!("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n{}", localhost()));
        assert!(Authorities::check_bundle(odd.path()).is_ok());
        assert!(Authorities::read(odd.path()).is_err());
    }
}
