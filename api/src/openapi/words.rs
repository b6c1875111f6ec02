//! The words of an operation: what its handler's comment says, as a title of one sentence and the rest.

use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;

/// The first sentence is the title; answers without words of their own get those of their status.
pub(super) fn tidy(operation: &mut Operation) {
    let all = operation.summary.take().unwrap_or_default();
    let all = all.replace('\n', " ");
    let (title, rest) = all
        .split_once(". ")
        .unwrap_or((all.trim_end_matches('.'), ""));
    let paragraphs = [Some(rest.to_owned()), operation.description.take()];
    let rest: Vec<String> = (paragraphs.into_iter().flatten())
        .filter(|text| !text.is_empty())
        .collect();
    operation.summary = Some(title.to_owned());
    operation.description = (!rest.is_empty()).then(|| rest.join("\n\n"));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            of_status(status).clone_into(&mut response.description);
        }
    }
}

fn of_status(status: &str) -> &'static str {
    match status {
        "201" => "Made",
        "202" => "Noted",
        _ => "Done",
    }
}
