//! Changes credentials for a bearer token at the realm that a registry names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::Url;
use serde::Deserialize;

use super::{Challenge, Credentials};
use crate::endpoint::{Endpoint, Trust, authority};
use crate::error::Error;
use crate::insecure::host_of;
use crate::refusal::{Subject, refuse};
use crate::settings::Settings;
use crate::wire::{Call, Wire};

/// The largest answer of a realm that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// What this client calls itself at the realm, as Docker does.
const CLIENT_ID: &str = "docker";

/// What is asked of a realm.
pub(crate) struct TokenRequest<'a> {
    /// Who names the realm.
    pub endpoint: &'a Endpoint,
    /// What it said.
    pub challenge: &'a Challenge,
    /// `repository:<path>:pull`.
    pub scope: &'a str,
    /// Whose token it is.
    pub credentials: &'a Credentials,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

/// Gets the value of an `Authorization` header.
pub(crate) async fn fetch(wire: &Wire, request: &TokenRequest<'_>) -> Result<HeaderValue, Error> {
    let call = call(&wire.settings, request)?;
    let answer = wire.send(call).await?;
    if !answer.status.is_success() {
        return Err(refuse(answer, &Subject::Token).await);
    }
    let bytes = answer.body.all(LARGEST, "token").await?;
    let answer: TokenAnswer = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Malformed { what: "answer of the token realm", source })?;
    let token = if answer.token.is_empty() { answer.access_token } else { answer.token };
    bearer(&token).ok_or(Error::NoToken)
}

/// `Bearer …`; `None` where the token is empty or has characters that no header can have.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    (!token.is_empty()).then(|| secret(&format!("Bearer {token}")))?
}

/// `Basic …`.
pub(crate) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The request to the realm: a GET with a password or none, a POST with a refresh token.
fn call(settings: &Settings, request: &TokenRequest<'_>) -> Result<Call, Error> {
    let has_secret = *request.credentials != Credentials::Anonymous;
    let (mut url, trust) = realm(settings, request.endpoint, request.challenge, has_secret)?;
    let service = request.challenge.parameter("service").unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Credentials::Identity(token) = request.credentials {
        let form = [
            ("grant_type", "refresh_token"),
            ("service", service),
            ("client_id", CLIENT_ID),
            ("scope", request.scope),
            ("refresh_token", token),
        ];
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        return Ok(Call { method: Method::POST, url, trust, headers, body: Some(encode_form(&form)) });
    }
    if !service.is_empty() {
        url.query_pairs_mut().append_pair("service", service);
    }
    url.query_pairs_mut().append_pair("scope", request.scope);
    if let Credentials::Password { user, password } = request.credentials {
        url.query_pairs_mut().append_pair("account", user);
        headers.extend(basic(user, password).map(|value| (header::AUTHORIZATION, value)));
    }
    Ok(Call { method: Method::GET, url, trust, headers, body: None })
}

/// `name=value` pairs for a body; a URL's query is where the library encodes forms.
fn encode_form(pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://form/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// Checks the realm. See the rules at the head of this crate.
fn realm(
    settings: &Settings,
    endpoint: &Endpoint,
    challenge: &Challenge,
    has_secret: bool,
) -> Result<(Url, Trust), Error> {
    let text = challenge.parameter("realm").unwrap_or_default();
    let registry = authority(&endpoint.base);
    let refuse = |reason| Error::Realm { realm: text.to_owned(), registry: registry.clone(), reason };
    let url: Url = text.parse().map_err(|_| refuse("it is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() || url.host_str().is_none() {
        return Err(refuse("it is no plain URL"));
    }
    if url.scheme() == "http" && endpoint.trust != Trust::Plain {
        return Err(refuse("a registry on HTTPS must have its realm on HTTPS"));
    }
    let trust = settings.trust(&url).ok_or_else(|| refuse("plain HTTP is for insecure registries only"))?;
    let realm_host = url.host_str().unwrap_or_default();
    let may_have_secret = endpoint.trust == Trust::Verified
        || realm_host == host_of(&registry)
        || settings.realms.iter().any(|listed| listed.eq_ignore_ascii_case(realm_host));
    if has_secret && !may_have_secret {
        return Err(refuse("it is on another host, and nothing proves who the registry is; credentials are not sent"));
    }
    Ok((url, trust))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::challenges;

    fn check(registry: &str, trust: Trust, target: &str, has_secret: bool) -> bool {
        let mut settings = Settings::standard("test");
        settings.insecure.push("lax.example".parse().unwrap());
        settings.realms.push("consent.example".into());
        let endpoint = Endpoint { base: registry.parse().unwrap(), trust };
        let header = HeaderValue::from_str(&format!("Bearer realm=\"{target}\"")).unwrap();
        let challenge = challenges(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, header)])).remove(0);
        realm(&settings, &endpoint, &challenge, has_secret).is_ok()
    }

    #[test]
    fn https_never_leads_to_http() {
        for secret in [false, true] {
            for target in
                ["http://reg.example/t", "http://127.0.0.1/t", "http://lax.example/t", "ftp://x/", "/token", ""]
            {
                assert!(!check("https://reg.example/", Trust::Verified, target, secret), "{target}");
                assert!(!check("https://lax.example/", Trust::Unverified, target, secret), "{target}");
            }
        }
        assert!(!check("http://lax.example/", Trust::Plain, "http://evil.example/t", false));
    }

    #[test]
    fn a_proven_registry_may_name_any_realm_on_https() {
        assert!(check("https://reg.example/", Trust::Verified, "https://auth.other/t", true));
        assert!(!check("https://reg.example/", Trust::Verified, "https://user:pw@auth.other/t", true));
    }

    #[test]
    fn an_unproven_registry_gets_no_password_to_another_host() {
        for (registry, trust) in
            [("http://lax.example:5000/", Trust::Plain), ("https://lax.example:5000/", Trust::Unverified)]
        {
            assert!(check(registry, trust, "https://auth.other/t", false));
            assert!(!check(registry, trust, "https://auth.other/t", true));
            assert!(check(registry, trust, "https://lax.example:5001/t", true));
            assert!(check(registry, trust, "https://consent.example/t", true));
        }
        assert!(!check("http://lax.example/", Trust::Plain, "http://127.0.0.1/t", true));
        assert!(check("http://lax.example/", Trust::Plain, "http://lax.example/t", true));
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encode_form(&[("a", "x y&z"), ("b", "ü=")]), "a=x+y%26z&b=%C3%BC%3D");
    }

    #[test]
    fn a_token_that_fits_no_header_is_none() {
        assert!(bearer("a\nb").is_none() && bearer("").is_none() && bearer("abc.def").is_some());
    }
}
