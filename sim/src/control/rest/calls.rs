//! Calls over REST: asked for, shown, listed, ended, sent elsewhere.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::Shared;
use super::credentials::Form;
use super::{Caller, Failure, is_answer_lost, suffer};
use crate::carrier::address::Address;
use crate::carrier::call::{Call, Input, Status, Target};
use crate::carrier::exchange::is_e164;
use crate::carrier::notices::Subscription;
use crate::carrier::outbound::{self, Wish};
use crate::carrier::sids::rfc2822;
use crate::faults::Kind;

/// The longest document in a request, in characters: 32018 past it.
const TWIML: usize = 4_000;

/// How many calls a page of a list has: Twilio's usual number, and its highest.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

/// How far a list is behind when a fault does not say.
const LAG: u64 = 10_000;

fn describe(call: &Call) -> Value {
    let (answered, ended) = call.times();
    let account = &call.parties.account.sid;
    let status = call.status();
    json!({
        "sid": call.sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "from": call.parties.from,
        "to": call.parties.to,
        "direction": call.parties.direction.as_str(),
        "parent_call_sid": call.parties.parent,
        "status": status.as_str(),
        "date_created": rfc2822(call.created),
        "start_time": answered.map(rfc2822),
        "end_time": ended.map(rfc2822),
        "duration": status.is_final().then(|| call.seconds().to_string()),
        "answered_by": null,
        "price": null,
        "uri": format!("/2010-04-01/Accounts/{account}/Calls/{}.json", call.sid),
    })
}

fn find(shared: &Shared, caller: &Caller, sid: &str) -> Result<Arc<Call>, Failure> {
    shared
        .world
        .carrier
        .calls
        .get(sid)
        .filter(|call| call.parties.account.sid == caller.account.sid)
        .ok_or_else(Failure::missing)
}

fn address(form: &Form, name: &str) -> Result<Option<Address>, Failure> {
    form.get(name)
        .map(Address::parse)
        .transpose()
        .map_err(|why| Failure::invalid(21205, format!("{name}: {why}")))
}

fn method(form: &Form, name: &str) -> Method {
    match form.get(name) {
        Some("GET") => Method::GET,
        _ => Method::POST,
    }
}

/// The document that a request names or holds.
fn target(form: &Form) -> Result<Option<Target>, Failure> {
    let url = address(form, "Url")?;
    let twiml = form.get("Twiml");
    match (url, twiml) {
        (Some(_), Some(_)) => Err(Failure::invalid(21205, "Url and Twiml exclude each other")),
        (Some(url), None) => Ok(Some(Target::Url(url, method(form, "Method")))),
        (None, Some(twiml)) if twiml.chars().count() > TWIML => Err(Failure::invalid(
            32018,
            "Twiml has more than 4000 characters",
        )),
        (None, Some(twiml)) => Ok(Some(Target::Twiml(twiml.to_owned()))),
        (None, None) => Ok(None),
    }
}

fn wish(shared: &Shared, caller: &Caller, form: &Form) -> Result<Wish, Failure> {
    let to = form.get("To").filter(|to| is_e164(to));
    let to = to.ok_or_else(|| Failure::invalid(21211, "To is no number"))?;
    let from = form.get("From").unwrap_or_default();
    let number = shared.world.carrier.exchange.number(from);
    if number.is_none_or(|number| number.account != caller.account.sid) {
        return Err(Failure::invalid(21210, "From is no number of this account"));
    }
    let target = target(form)?;
    let target = target.ok_or_else(|| Failure::invalid(21205, "There is no Url and no Twiml"))?;
    let mut events: Vec<String> = form.all("StatusCallbackEvent").map(str::to_owned).collect();
    if events.is_empty() {
        events.push("completed".to_owned());
    }
    let status_method = method(form, "StatusCallbackMethod");
    let subscription = address(form, "StatusCallback")?.map(|address| Subscription {
        address,
        method: status_method,
        events,
    });
    let seconds = form.get("Timeout").unwrap_or("60").parse::<u64>();
    let seconds = seconds.ok().filter(|seconds| (1..=600).contains(seconds));
    let seconds = seconds.ok_or_else(|| Failure::invalid(20001, "Timeout is 1 to 600"))?;
    Ok(Wish {
        from: from.to_owned(),
        to: to.to_owned(),
        target,
        fallback: address(form, "FallbackUrl")?,
        subscription,
        patience: Duration::from_secs(seconds),
    })
}

/// `POST Calls.json`.
pub(super) async fn create(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let wish = wish(&shared, &caller, &Form::of(&body)?)?;
    let (call, wait) = outbound::place(&shared.world.carrier, Arc::clone(&caller.account), wish)
        .map_err(|error| Failure::new(StatusCode::TOO_MANY_REQUESTS, 20429, error.to_string()))?;
    if is_answer_lost(&shared).await {
        return Err(Failure::on_purpose(504));
    }
    let mut answer = describe(&call);
    if let Value::Object(answer) = &mut answer {
        answer.insert("status".to_owned(), Status::Queued.as_str().into());
        answer.insert("queue_time".to_owned(), wait.as_millis().to_string().into());
    }
    Ok(HttpResponse::Created().json(answer))
}

/// `GET Calls/{CA}.json`.
pub(super) async fn show(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    Ok(HttpResponse::Ok().json(describe(&*find(&shared, &caller, &path.1)?)))
}

/// `POST Calls/{CA}.json`: ends a call, takes one back, or sends one to another document.
pub(super) async fn change(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let call = find(&shared, &caller, &path.1)?;
    let form = Form::of(&body)?;
    let input = match (form.get("Status"), target(&form)?) {
        (Some("completed"), None) => Input::Complete,
        (Some("canceled"), None) => Input::Cancel,
        (None, Some(target)) if call.status() == Status::InProgress => Input::Redirect(target),
        (None, Some(_)) => return Err(Failure::invalid(21220, "Call is not in-progress")),
        _ => {
            return Err(Failure::invalid(
                20001,
                "Status, Url or Twiml, and only one",
            ));
        }
    };
    let ends = matches!(input, Input::Complete);
    if !call.tell(input) {
        return Err(Failure::invalid(21220, "Call is not in-progress"));
    }
    if ends {
        call.ended().await;
    }
    if is_answer_lost(&shared).await {
        return Err(Failure::on_purpose(504));
    }
    Ok(HttpResponse::Ok().json(describe(&call)))
}

/// `GET Calls.json`: the latest first, by pages.
pub(super) async fn list(
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let form = Form::parse(request.query_string().as_bytes())?;
    let number = |name: &str, usual: usize| -> usize {
        form.get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let size = number("PageSize", PAGE).clamp(1, LARGEST_PAGE);
    let page = number("Page", 0);
    let lag = shared.world.faults.hit(Kind::RestListLag, None, None);
    let horizon = lag.map(|lag| {
        let lag = Duration::from_millis(lag.ms.unwrap_or(LAG));
        jiff::Timestamp::now() - lag
    });
    let wanted = |call: &Call| {
        let fits = |name: &str, value: &str| form.get(name).is_none_or(|wanted| wanted == value);
        call.parties.account.sid == caller.account.sid
            && fits("Status", status_at(call, horizon))
            && fits("From", &call.parties.from)
            && fits("To", &call.parties.to)
            && fits(
                "ParentCallSid",
                call.parties.parent.as_deref().unwrap_or_default(),
            )
            && horizon.is_none_or(|horizon| call.created <= horizon)
    };
    let calls = &shared.world.carrier.calls;
    let mut found = calls.latest(page.saturating_mul(size), size + 1, wanted);
    let more = found.len() > size;
    found.truncate(size);
    let rows: Vec<Value> = found.iter().map(|call| describe(call)).collect();
    let account = &caller.account.sid;
    let next = more.then(|| {
        let mut next = format!(
            "/2010-04-01/Accounts/{account}/Calls.json?PageSize={size}&Page={}",
            page + 1
        );
        if let Some(status) = form.get("Status") {
            next.push_str("&Status=");
            next.push_str(status);
        }
        next
    });
    Ok(HttpResponse::Ok().json(json!({
        "calls": rows, "page": page, "page_size": size, "next_page_uri": next
    })))
}

/// The status of a call as a list shows it that knows nothing of what happened after `horizon`.
fn status_at(call: &Call, horizon: Option<jiff::Timestamp>) -> &'static str {
    let (answered, ended) = call.times();
    let later = |at: Option<jiff::Timestamp>| {
        horizon.is_some_and(|horizon| at.is_none_or(|at| at > horizon))
    };
    match call.status() {
        status if status.is_final() && later(ended) && !later(answered) => "in-progress",
        status if status.is_final() && later(ended) => "ringing",
        Status::InProgress if later(answered) => "ringing",
        status => status.as_str(),
    }
}
