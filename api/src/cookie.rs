//! The cookies of the dashboard, and the check that a request with one comes from the dashboard itself.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as Span;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Uri;
use actix_web::http::header::ORIGIN;
use secrecy::{ExposeSecret, SecretString};

use crate::problem::Problem;
use crate::refresh::REFRESH_LIFE;
use crate::token::ACCESS_LIFE;

/// How this installation is reached, and what its cookies are called there.
pub(crate) struct Cookies {
    origin: String,
    https: bool,
    pages: bool,
}

impl Cookies {
    /// From the public address; `None` when it is not http or https with a host.
    pub(crate) fn of(base: &Uri) -> Option<Self> {
        let host = base.host().filter(|host| !host.is_empty())?;
        let https = match base.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let port = base
            .port_u16()
            .filter(|port| *port != if https { 443 } else { 80 });
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = if https { "https" } else { "http" };
        Some(Self {
            origin: format!("{scheme}://{}{port}", host.to_ascii_lowercase()),
            https,
            pages: https || is_loopback(host),
        })
    }

    /// What people type to reach us: scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether people reach us by https.
    pub(crate) fn https(&self) -> bool {
        self.https
    }

    /// Whether the dashboard may be served: its cookies would travel in the clear elsewhere.
    pub(crate) fn pages(&self) -> bool {
        self.pages
    }

    fn names(&self) -> (&'static str, &'static str) {
        if self.https {
            ("__Host-sy", "__Host-sy-refresh")
        } else {
            ("sy", "sy-refresh")
        }
    }

    /// The access token in the request's cookie.
    pub(crate) fn access(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(self.names().0)?;
        Some(cookie.value().to_owned())
    }

    /// The refresh token in the request's cookie.
    pub(crate) fn refresh(&self, request: &HttpRequest) -> Option<SecretString> {
        let cookie = request.cookie(self.names().1)?;
        Some(SecretString::from(cookie.value()))
    }

    /// The cookies of a signed-in browser; without a refresh token the present one stays.
    pub(crate) fn set(&self, access: &str, refresh: Option<&SecretString>) -> Vec<Cookie<'static>> {
        let (access_name, refresh_name) = self.names();
        let mut cookies = vec![self.cookie(access_name, access, ACCESS_LIFE.as_secs())];
        cookies.extend(refresh.map(|refresh| {
            let life = REFRESH_LIFE.as_secs();
            self.cookie(refresh_name, refresh.expose_secret(), life)
        }));
        cookies
    }

    /// Both, ended at once.
    pub(crate) fn clear(&self) -> [Cookie<'static>; 2] {
        let (access_name, refresh_name) = self.names();
        [
            self.cookie(access_name, "", 0),
            self.cookie(refresh_name, "", 0),
        ]
    }

    fn cookie(&self, name: &'static str, value: &str, life_s: u64) -> Cookie<'static> {
        let life = Span::seconds(i64::try_from(life_s).unwrap_or(0));
        Cookie::build(name, value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Lax)
            .max_age(life)
            .finish()
    }

    /// Refuses a cookie on an unsafe method that another site's page sent.
    pub(crate) fn check_origin(&self, request: &HttpRequest) -> Result<(), Problem> {
        if request.method().is_safe() {
            return Ok(());
        }
        let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
        let ours = match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => origin == self.origin,
            (None, None) => false,
        };
        if ours {
            Ok(())
        } else {
            Err(Problem::forbidden("this request comes from another site"))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn cookies(base: &str) -> Cookies {
        Cookies::of(&base.parse().unwrap()).unwrap()
    }

    #[test]
    fn https_has_host_cookies_and_plain_http_serves_pages_on_loopback_only() {
        let both = cookies("https://wa.example.com/").set("a", Some(&SecretString::from("r")));
        let [access, refresh] = &both[..] else {
            panic!("two cookies");
        };
        assert_eq!(
            (access.name(), refresh.name()),
            ("__Host-sy", "__Host-sy-refresh")
        );
        assert_eq!(
            (access.secure(), access.http_only()),
            (Some(true), Some(true))
        );
        assert_eq!(
            cookies("http://127.0.0.1:8080").set("a", Some(&SecretString::from("r")))[0].name(),
            "sy"
        );
        assert!(cookies("http://[::1]:1").pages() && cookies("http://localhost").pages());
        assert!(!cookies("http://10.0.0.5:8080").pages());
        assert!(Cookies::of(&"/relative".parse().unwrap()).is_none());
    }

    #[test]
    fn only_our_own_pages_may_change_things_by_cookie() {
        let ours = cookies("http://127.0.0.1:8080");
        let allowed = |request: TestRequest| ours.check_origin(&request.to_http_request()).is_ok();
        assert!(allowed(TestRequest::get()));
        assert!(allowed(
            TestRequest::post().insert_header(("sec-fetch-site", "same-origin"))
        ));
        assert!(allowed(
            TestRequest::post().insert_header(("origin", "http://127.0.0.1:8080"))
        ));
        assert!(!allowed(TestRequest::post()));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!allowed(
                TestRequest::post().insert_header(("sec-fetch-site", site))
            ));
        }
        let both = TestRequest::post().insert_header(("sec-fetch-site", "cross-site"));
        assert!(!allowed(
            both.insert_header(("origin", "http://127.0.0.1:8080"))
        ));
        assert!(!allowed(
            TestRequest::post().insert_header(("origin", "http://127.0.0.1:8081"))
        ));
        assert!(!allowed(
            TestRequest::post().insert_header(("origin", "null"))
        ));
    }
}
