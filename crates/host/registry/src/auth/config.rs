//! Credentials as clients of the Engine API send them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Credentials for one registry, as in the `X-Registry-Auth` header and in `config.json`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthConfig {
    /// The user's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The password.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// Both, as `base64(name:password)`; read where `username` is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub auth: String,
    /// A refresh token for the token realm.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identitytoken: String,
    /// A bearer token for the registry itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub registrytoken: String,
    /// The registry that they are for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub serveraddress: String,
}

impl fmt::Debug for AuthConfig {
    /// Shows no secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthConfig")
            .field("username", &self.username)
            .field("serveraddress", &self.serveraddress)
            .finish_non_exhaustive()
    }
}

/// The one way in which a user proves who they are.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Not at all.
    Anonymous,
    /// By name and password.
    Password { user: String, password: String },
    /// By a refresh token, which the token realm changes for a bearer token.
    Identity(String),
    /// By a bearer token.
    Registry(String),
}

impl AuthConfig {
    pub(crate) fn credentials(&self) -> Credentials {
        let (user, password) = match self.username.as_str() {
            "" => decode(&self.auth).unwrap_or_default(),
            user => (user.to_owned(), self.password.clone()),
        };
        if !self.registrytoken.is_empty() {
            Credentials::Registry(self.registrytoken.clone())
        } else if !self.identitytoken.is_empty() {
            Credentials::Identity(self.identitytoken.clone())
        } else if !user.is_empty() {
            Credentials::Password { user, password }
        } else {
            Credentials::Anonymous
        }
    }
}

/// `base64(name:password)`; Docker trims NUL bytes, which old clients left at the end.
fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.trim_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Credentials {
        serde_json::from_str::<AuthConfig>(json).unwrap().credentials()
    }

    fn password(user: &str, password: &str) -> Credentials {
        Credentials::Password { user: user.into(), password: password.into() }
    }

    #[test]
    fn the_strongest_proof_is_used() {
        assert!(read("{}") == Credentials::Anonymous);
        assert!(read(r#"{"username":"u","password":"p","email":"x"}"#) == password("u", "p"));
        assert!(read(r#"{"auth":"dTpwOnE="}"#) == password("u", "p:q"));
        assert!(read(r#"{"auth":"!"}"#) == Credentials::Anonymous);
        assert!(read(r#"{"username":"u","identitytoken":"t"}"#) == Credentials::Identity("t".into()));
        assert!(read(r#"{"identitytoken":"t","registrytoken":"r"}"#) == Credentials::Registry("r".into()));
    }

    #[test]
    fn secrets_are_not_shown() {
        let config: AuthConfig = serde_json::from_str(
            r#"{"username":"u","password":"SECRET","auth":"SECRET","identitytoken":"SECRET","registrytoken":"SECRET"}"#,
        )
        .unwrap();
        assert!(!format!("{config:?}").contains("SECRET"));
    }
}
