//! A chain as AWS's endpoints have it: root, intermediate and leaf.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What both ends of a connection need.
pub struct Certificates {
    /// Shows the leaf and the intermediate.
    pub acceptor: TlsAcceptor,
    /// The root, in PEM.
    pub root: String,
    /// Trusts the chain's root and no other.
    pub client: Arc<ClientConfig>,
}

impl Certificates {
    /// Makes a chain for `localhost`.
    pub fn make() -> Self {
        let authority = |name: &str| {
            let mut parameters = CertificateParams::new(Vec::new()).unwrap();
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            parameters
        };
        let (root_key, key, leaf_key) = (new_key(), new_key(), new_key());
        let root_parameters = authority("Bench root");
        let root = root_parameters.self_signed(&root_key).unwrap();
        let intermediate_parameters = authority("Bench intermediate");
        let issuer = Issuer::new(root_parameters, root_key);
        let intermediate = intermediate_parameters.signed_by(&key, &issuer).unwrap();
        let mut leaf_parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        leaf_parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf_parameters.use_authority_key_identifier_extension = true;
        let leaf = leaf_parameters.signed_by(&leaf_key, &Issuer::new(intermediate_parameters, key)).unwrap();

        let chain = vec![leaf.der().clone(), intermediate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(root.der().clone()).unwrap();
        let client = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
        Self { acceptor: TlsAcceptor::from(Arc::new(server)), root: root.pem(), client: Arc::new(client) }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().unwrap()
}
