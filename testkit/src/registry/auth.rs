//! What a registry demands of its clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::http::{Request, Response};

/// What a registry demands of its clients.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Nothing.
    #[default]
    Open,
    /// A user and a password with every request.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token from the token endpoint.
    Bearer {
        /// The realm in the challenge; `None` is this registry's own `/token`.
        realm: Option<String>,
        /// The service in the challenge.
        service: String,
        /// User and password that the token endpoint demands; `None` gives a token to everyone.
        credentials: Option<(String, String)>,
        /// The refresh token that the token endpoint takes in a POST.
        identity_token: Option<String>,
        /// How many requests a token is good for; `None` is any number.
        uses: Option<usize>,
    },
}

impl Auth {
    /// Tokens for everyone, from this registry's own endpoint.
    pub fn anonymous_bearer() -> Self {
        Self::Bearer { realm: None, service: "test".into(), credentials: None, identity_token: None, uses: None }
    }

    /// Tokens for a user with a password, from this registry's own endpoint.
    pub fn bearer(user: &str, password: &str) -> Self {
        let credentials = Some((user.into(), password.into()));
        Self::Bearer { realm: None, service: "test".into(), credentials, identity_token: None, uses: None }
    }

    /// Basic authentication.
    pub fn basic(user: &str, password: &str) -> Self {
        Self::Basic { user: user.into(), password: password.into() }
    }
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: Vec<(String, Option<usize>)>,
    count: usize,
}

impl Tokens {
    fn issue(&mut self, uses: Option<usize>) -> String {
        self.count += 1;
        let token = format!("token-{}", self.count);
        self.issued.push((token.clone(), uses));
        token
    }

    pub fn forget_all(&mut self) {
        self.issued.clear();
    }

    fn spend(&mut self, token: &str) -> bool {
        match self.issued.iter_mut().find(|(issued, uses)| issued == token && *uses != Some(0)) {
            Some((_, uses)) => {
                *uses = uses.map(|uses| uses - 1);
                true
            }
            None => false,
        }
    }
}

/// The value of an `Authorization` header for a user and a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A refusal of this request, if it does not bring what is demanded.
pub(super) fn refuse(auth: &Auth, tokens: &mut Tokens, request: &Request, own_url: &str) -> Option<Response> {
    let authorization = request.header("authorization").unwrap_or_default();
    let challenge = match auth {
        Auth::Open => return None,
        Auth::Basic { user, password } if authorization == basic(user, password) => return None,
        Auth::Basic { .. } => "Basic realm=\"test\"".to_owned(),
        Auth::Bearer { realm, service, .. } => {
            if authorization.strip_prefix("Bearer ").is_some_and(|token| tokens.spend(token)) {
                return None;
            }
            let realm = realm.clone().unwrap_or_else(|| format!("{own_url}/token"));
            format!("Bearer realm=\"{realm}\",service=\"{service}\"{}", scope(request))
        }
    };
    Some(Response::error(401, "UNAUTHORIZED", "authentication required").with("WWW-Authenticate", challenge))
}

fn scope(request: &Request) -> String {
    let path = request.path.strip_prefix("/v2/").unwrap_or_default();
    let end = ["/manifests/", "/blobs/", "/tags/"].iter().find_map(|part| path.find(part));
    end.map(|end| format!(",scope=\"repository:{}:pull\"", &path[..end])).unwrap_or_default()
}

/// The answer of the token endpoint.
pub(super) fn token(auth: &Auth, tokens: &mut Tokens, request: &Request) -> Response {
    let Auth::Bearer { credentials, identity_token, uses, .. } = auth else {
        return Response::error(404, "UNSUPPORTED", "no tokens here");
    };
    let good = if request.method == "POST" {
        let body = String::from_utf8_lossy(&request.body);
        identity_token
            .as_ref()
            .is_some_and(|token| body.split('&').any(|pair| pair == format!("refresh_token={token}")))
    } else {
        let given = request.header("authorization");
        credentials.as_ref().is_none_or(|(user, password)| given == Some(&basic(user, password)))
    };
    if !good {
        return Response::error(401, "UNAUTHORIZED", "incorrect username or password");
    }
    let name = if request.method == "POST" { "access_token" } else { "token" };
    Response::json(200, serde_json::json!({ name: tokens.issue(*uses), "expires_in": 300 }))
}
