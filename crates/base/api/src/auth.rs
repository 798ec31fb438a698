//! Credentials for a registry, as the client sends them.

use serde::{Deserialize, Serialize};

/// The header `X-Registry-Auth`: base64url of this as JSON.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "lowercase")]
pub struct AuthConfig {
    /// User's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Password or access token.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// Base64 of `user:password`, as in `config.json`; used where the two above are empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub auth: String,
    /// The registry these are for: a host, or the URL of the default registry.
    #[serde(rename = "serveraddress", skip_serializing_if = "String::is_empty")]
    pub server_address: String,
    /// A refresh token that replaces name and password.
    #[serde(rename = "identitytoken", skip_serializing_if = "String::is_empty")]
    pub identity_token: String,
    /// A bearer token to be sent as it is.
    #[serde(rename = "registrytoken", skip_serializing_if = "String::is_empty")]
    pub registry_token: String,
}

impl std::fmt::Debug for AuthConfig {
    /// Shows no secret: credentials must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthConfig")
            .field("username", &self.username)
            .field("server_address", &self.server_address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let auth = AuthConfig { username: "u".into(), password: "secret".into(), ..AuthConfig::default() };
        assert!(!format!("{auth:?}").contains("secret"));
        assert_eq!(serde_json::to_string(&auth).unwrap(), r#"{"username":"u","password":"secret"}"#);
    }
}
