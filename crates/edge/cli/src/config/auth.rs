//! Credentials for registries: from the file, or from helper programs.

use super::ConfigFile;
use crate::exit::Exit;
use api::auth::AuthConfig;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use std::io::Write;
use std::process::{Command, Stdio};

/// The key of the default registry in `auths` and for helpers.
const DEFAULT_SERVER: &str = "https://index.docker.io/v1/";

/// The value of `X-Registry-Auth` for a registry's domain: base64url of JSON.
///
/// # Errors
/// A helper is configured and cannot be run. No request must be sent then: a request without the credentials might go
/// to the wrong place or mean something else (CVE-2021-41092).
pub fn registry_auth(config: &ConfigFile, domain: &str) -> Result<String, Exit> {
    let server = if domain == names::DEFAULT_DOMAIN { DEFAULT_SERVER } else { domain };
    let auth = match helper(config, server) {
        Some(helper) => ask(helper, server)?,
        None => stored(config, server)?,
    };
    // A structure of strings is always serialisable.
    Ok(BASE64_URL_SAFE.encode(serde_json::to_vec(&auth).unwrap_or_default()))
}

fn helper<'a>(config: &'a ConfigFile, server: &str) -> Option<&'a str> {
    let named = config.cred_helpers.get(server).map(String::as_str);
    named.or(Some(&config.creds_store)).filter(|name| !name.is_empty())
}

fn stored(config: &ConfigFile, server: &str) -> Result<AuthConfig, Exit> {
    let host = |key: &str| {
        key.trim_start_matches("https://").trim_start_matches("http://").split('/').next().unwrap_or("").to_string()
    };
    let exact = config.auths.get_key_value(server);
    // Older clients stored keys with a scheme and a path.
    let entry = exact.or_else(|| config.auths.iter().find(|(key, _)| host(key) == host(server)));
    let Some((key, entry)) = entry else { return Ok(AuthConfig::default()) };
    let (mut username, mut password) = (entry.username.clone(), entry.password.clone());
    if !entry.auth.is_empty() {
        (username, password) =
            decode(&entry.auth).ok_or_else(|| Exit::failure(format!("invalid auth configuration file: {key}")))?;
    }
    Ok(AuthConfig {
        username,
        password,
        server_address: key.clone(),
        identity_token: entry.identitytoken.clone(),
        registry_token: entry.registrytoken.clone(),
        ..AuthConfig::default()
    })
}

fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(auth).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.into(), password.trim_matches('\0').into()))
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
    #[serde(rename = "ServerURL")]
    server_url: String,
}

/// Asks `docker-credential-<helper> get`. A registry the helper knows nothing about is no error.
fn ask(helper: &str, server: &str) -> Result<AuthConfig, Exit> {
    let program = format!("docker-credential-{helper}");
    let failed = |cause: String| Exit::failure(format!("error getting credentials - err: {cause}, out: ``"));
    if helper.contains('/') {
        return Err(failed(format!("exec: {}: not the name of a helper", human::quote(&program))));
    }
    let spawned =
        Command::new(&program).arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            failed(format!("exec: {}: executable file not found in $PATH", human::quote(&program)))
        }
        _ => failed(error.to_string()),
    })?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(server.as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        if text.trim() == "credentials not found in native keychain" {
            return Ok(AuthConfig::default());
        }
        let code = output.status.code().unwrap_or(-1);
        return Err(Exit::failure(format!(
            "error getting credentials - err: exit status {code}, out: `{}`",
            text.trim()
        )));
    }
    let answer: Answer = api::json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    Ok(from_helper(answer, server))
}

fn from_helper(answer: Answer, server: &str) -> AuthConfig {
    let server_address = if answer.server_url.is_empty() { server.into() } else { answer.server_url };
    match &*answer.username {
        "<token>" => AuthConfig { identity_token: answer.secret, server_address, ..AuthConfig::default() },
        _ => AuthConfig { username: answer.username, password: answer.secret, server_address, ..AuthConfig::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::StoredAuth;

    fn header(config: &ConfigFile, domain: &str) -> String {
        String::from_utf8(BASE64_URL_SAFE.decode(registry_auth(config, domain).unwrap()).unwrap()).unwrap()
    }

    fn with(key: &str, auth: &str) -> ConfigFile {
        let entry = StoredAuth { auth: auth.into(), ..StoredAuth::default() };
        ConfigFile { auths: [(key.to_string(), entry)].into(), ..ConfigFile::default() }
    }

    #[test]
    fn stored_credentials_are_found_by_host() {
        let expect = r#"{"username":"u","password":"p:w","serveraddress":"https://r:5000/v2/"}"#;
        assert_eq!(header(&with("https://r:5000/v2/", "dTpwOnc="), "r:5000"), expect);
        assert_eq!(header(&with("r:5000", "dTpw"), "other"), "{}");
        assert!(header(&with(DEFAULT_SERVER, "dTpw"), "docker.io").contains(r#""username":"u""#));
    }

    #[test]
    fn broken_credentials_are_refused() {
        assert_eq!(registry_auth(&with("r", "!!"), "r").unwrap_err().message, "invalid auth configuration file: r");
    }

    #[test]
    fn a_missing_helper_is_an_error_and_no_request_follows() {
        let config = ConfigFile { creds_store: "gantry-test-missing".into(), ..with("r", "dTpw") };
        assert_eq!(
            registry_auth(&config, "r").unwrap_err().message,
            "error getting credentials - err: exec: \"docker-credential-gantry-test-missing\": \
             executable file not found in $PATH, out: ``"
        );
    }

    #[test]
    fn tokens_of_helpers_are_told_from_passwords() {
        let answer = |name: &str| Answer { username: name.into(), secret: "s".into(), server_url: String::new() };
        assert_eq!(from_helper(answer("<token>"), "r").identity_token, "s");
        assert_eq!(from_helper(answer("u"), "r").password, "s");
    }
}
