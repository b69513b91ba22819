//! Certificates and keys of one control plane; each control plane gets new ones.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::error::{Context, Result};

/// A certificate and its private key, PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The authority that the apiserver trusts and that signs its certificate.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "dataset-operator test authority");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().context("making the authority's key")?;
        let certificate = params.self_signed(&key).context("making the authority")?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// The authority's own certificate, PEM.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server certificate for these DNS names and IP addresses.
    pub(crate) fn server(&self, names: &[&str]) -> Result<Pair> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(names).context("naming the server")?;
        self.sign(params, "kube-apiserver", None, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate: Kubernetes reads the user from its CN and the group from its O.
    pub(crate) fn client(&self, user: &str, group: Option<&str>) -> Result<Pair> {
        let params = CertificateParams::default();
        self.sign(params, user, group, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        common_name: &str,
        organization: Option<&str>,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Pair> {
        // A fresh name: the default one carries a common name of its own.
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        if let Some(organization) = organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().context("making a key")?;
        let certificate =
            params.signed_by(&key, &self.issuer).context(format!("signing the certificate of {common_name}"))?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// The key that signs `ServiceAccount` tokens: (private, public), PEM.
pub(crate) fn service_account_key() -> Result<(String, String)> {
    let key = KeyPair::generate().context("making the service account key")?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}
