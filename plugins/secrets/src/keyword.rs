//! The words that the names of secrets hold. The build script reads this file too.

/// What a word says about the value that its name is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// It may be secret: a key, which may as well be that of a map.
    Weak,
    /// It is secret, or names something that is.
    Strong,
}

use Weight::{Strong, Weak};

/// A word of names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyword {
    /// In small letters; every spelling of ASCII letters is found.
    pub text: &'static str,
    /// What it says.
    pub weight: Weight,
    /// Whether it must be a word of its own, because others end with it: `monkey`, `bypass`.
    pub alone: bool,
}

/// One that counts at the end of another word too: `dbpassword`.
const fn ending(text: &'static str, weight: Weight) -> Keyword {
    Keyword { text, weight, alone: false }
}

/// One that counts as a word of its own.
const fn alone(text: &'static str, weight: Weight) -> Keyword {
    Keyword { text, weight, alone: true }
}

/// Every word, in English and in languages that code is written in.
pub(crate) const KEYWORDS: &[Keyword] = &[
    ending("password", Strong),
    ending("passwd", Strong),
    ending("passphrase", Strong),
    ending("passcode", Strong),
    ending("passw", Strong),
    alone("pass", Strong),
    ending("pword", Strong),
    alone("pw", Strong),
    alone("pwd", Strong),
    alone("psw", Strong),
    alone("pswd", Strong),
    ending("secret", Strong),
    ending("token", Strong),
    ending("credential", Strong),
    ending("securestring", Strong),
    alone("identified", Strong),
    alone("cred", Strong),
    ending("apikey", Strong),
    ending("api_key", Strong),
    ending("api-key", Strong),
    ending("secretkey", Strong),
    ending("accesskey", Strong),
    ending("privatekey", Strong),
    ending("authkey", Strong),
    ending("masterkey", Strong),
    ending("sharedkey", Strong),
    ending("accountkey", Strong),
    ending("encryptionkey", Strong),
    ending("signingkey", Strong),
    ending("sessionkey", Weak),
    ending("licensekey", Weak),
    ending("licencekey", Weak),
    alone("key", Weak),
    alone("auth", Weak),
    ending("authorization", Weak),
    alone("signing", Weak),
    alone("jwt", Weak),
    alone("hmac", Weak),
    alone("otp", Weak),
    alone("totp", Weak),
    alone("pat", Weak),
    // Danish, Norwegian, Swedish, Finnish, Dutch, German.
    ending("adgangskode", Strong),
    ending("passord", Strong),
    ending("losenord", Strong),
    ending("lösenord", Strong),
    ending("salasana", Strong),
    ending("wachtwoord", Strong),
    ending("passwort", Strong),
    ending("kennwort", Strong),
    ending("geheimnis", Strong),
    alone("schluessel", Weak),
    alone("schlüssel", Weak),
    // Spanish, Catalan, Portuguese, French, Italian, Romanian, Turkish.
    ending("contrasena", Strong),
    ending("contraseña", Strong),
    ending("contrasenya", Strong),
    alone("clave", Weak),
    ending("senha", Strong),
    ending("motdepasse", Strong),
    ending("mot_de_passe", Strong),
    ending("mot-de-passe", Strong),
    alone("mdp", Strong),
    alone("parola", Strong),
    alone("sifre", Strong),
    alone("şifre", Strong),
    // Czech, Polish, Hungarian, Russian, Ukrainian.
    alone("heslo", Strong),
    alone("haslo", Strong),
    alone("hasło", Strong),
    alone("jelszo", Strong),
    alone("jelszó", Strong),
    ending("пароль", Strong),
    ending("Пароль", Strong),
    ending("ПАРОЛЬ", Strong),
    ending("секрет", Strong),
    ending("токен", Strong),
    // Chinese, Japanese, Korean.
    ending("密码", Strong),
    ending("密碼", Strong),
    ending("密钥", Strong),
    ending("令牌", Strong),
    ending("パスワード", Strong),
    ending("トークン", Strong),
    ending("비밀번호", Strong),
    ending("토큰", Strong),
];
