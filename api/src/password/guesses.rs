//! Passwords that are tried first. A list of our own, of what leads every published list of leaked passwords: with
//! twelve characters asked for, almost all long ones are these words with digits, signs and repetitions.

/// Longest first, so that a word goes before a part of it.
const WORDS: [&str; 157] = [
    "abcdefghijklmnopqrstuvwxyz",
    "administrador",
    "administrator",
    "abcdefghijkl",
    "basketball",
    "contrasena",
    "motdepasse",
    "qwertyuiop",
    "switchyard",
    "asdfghjkl",
    "barcelona",
    "chocolate",
    "liverpool",
    "qazwsxedc",
    "september",
    "spiderman",
    "abcdefgh",
    "baseball",
    "business",
    "changeme",
    "computer",
    "corvette",
    "december",
    "facebook",
    "february",
    "football",
    "iloveyou",
    "internet",
    "jennifer",
    "linkedin",
    "mercedes",
    "michelle",
    "november",
    "password",
    "passwort",
    "princess",
    "qwertyui",
    "samantha",
    "starwars",
    "sunshine",
    "superman",
    "whatever",
    "whatsapp",
    "arsenal",
    "asshole",
    "charlie",
    "chelsea",
    "company",
    "default",
    "diamond",
    "ferrari",
    "freedom",
    "fuckoff",
    "fuckyou",
    "january",
    "jessica",
    "letmein",
    "matthew",
    "michael",
    "mustang",
    "october",
    "phoenix",
    "pokemon",
    "samsung",
    "testing",
    "thunder",
    "trustno",
    "welcome",
    "william",
    "yankees",
    "zxcvbnm",
    "abcdef",
    "access",
    "amanda",
    "andrew",
    "asdfgh",
    "ashley",
    "august",
    "autumn",
    "azerty",
    "banana",
    "batman",
    "buster",
    "cheese",
    "christ",
    "cookie",
    "cowboy",
    "dallas",
    "daniel",
    "dragon",
    "eagles",
    "flower",
    "friday",
    "george",
    "ginger",
    "google",
    "harley",
    "heaven",
    "hockey",
    "hunter",
    "iloveu",
    "israel",
    "jordan",
    "joshua",
    "killer",
    "lakers",
    "lovely",
    "loveme",
    "maggie",
    "master",
    "matrix",
    "monday",
    "monkey",
    "naruto",
    "nicole",
    "number",
    "office",
    "orange",
    "pepper",
    "purple",
    "qazwsx",
    "qwerty",
    "qwertz",
    "ranger",
    "robert",
    "secret",
    "shadow",
    "shalom",
    "silver",
    "soccer",
    "spring",
    "summer",
    "thomas",
    "winter",
    "wsxedc",
    "zxcvbn",
    "admin",
    "angel",
    "april",
    "guest",
    "hello",
    "jesus",
    "login",
    "march",
    "phone",
    "sisma",
    "abcd",
    "asdf",
    "baby",
    "july",
    "june",
    "love",
    "pass",
    "root",
    "test",
    "user",
    "abc",
];

/// Letters that a password needs beside common words.
const LETTERS: usize = 4;

/// Whether nothing but common words, digits, signs and a stray letter or two, or one piece over and over, is in it.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let plain: String = lower.chars().map(without_disguise).collect();
    repeats(&lower) || has_few_letters(&lower) || has_few_letters(&plain)
}

/// The letter that a sign often stands for.
fn without_disguise(sign: char) -> char {
    match sign {
        '@' | '4' => 'a',
        '3' => 'e',
        '0' => 'o',
        '$' | '5' => 's',
        other => other,
    }
}

fn has_few_letters(text: &str) -> bool {
    let mut rest: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    for word in WORDS {
        rest = rest.replace(word, "");
    }
    rest.chars().count() < LETTERS
}

/// Whether fewer than five different characters make it up, as in `aaaabbbbaaaa`.
fn repeats(text: &str) -> bool {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        for text in [
            "password1234",
            "Password123!",
            "P@ssw0rd1234",
            "passwordpassword",
            "123456789012",
            "qwertyuiop12",
            "Welcome12345",
            "iloveyou2024",
            "aaaaaaaaaaaa",
            "abababababab",
            "admin@admin.1",
            "1qazwsxedc!!",
        ] {
            assert!(is_common(text), "{text}");
        }
    }

    #[test]
    fn words_that_do_not_belong_together_and_random_ones_pass() {
        for text in [
            "correct horse battery",
            "my password is a long one",
            "סוס נכון סוללה",
            "xK9-vRt2-pLq7",
            "tomato2lantern",
        ] {
            assert!(!is_common(text), "{text}");
        }
    }
}
