use std::ops::Range;

use crate::bare;
use crate::guess::may_be_password;
use crate::literal::literal;
use crate::span::{backward_within, is_at, word};
use crate::value::skip_blank;

/// How far before an option its command is looked for, in bytes.
const LONGEST_COMMAND: usize = 160;

/// How an option is given a password.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// As a word of its own.
    Apart,
    /// In the word of the option.
    Joined,
    /// Behind the name of a user and this.
    After(char),
}

use Form::{After, Apart, Joined};

/// Options that take passwords, by the commands that have them. Most mean something else to other commands.
const OPTIONS: &[(&str, Form, &[&str])] = &[
    (
        " -p",
        Joined,
        &[
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mysqlimport",
            "mariadb",
            "mariadb-dump",
            "sshpass",
            "7z",
            "7za",
        ],
    ),
    (
        " -p",
        Apart,
        &[
            "sshpass",
            "docker login",
            "podman login",
            "nerdctl login",
            "buildah login",
            "skopeo login",
            "registry login",
            "oc login",
            "az login",
            "cf login",
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "cqlsh",
            "psexec",
            "ldap",
        ],
    ),
    (" -P", Apart, &["sqlcmd", "bcp", "mosquitto_pub", "mosquitto_sub", "zip", "unzip"]),
    (" -P", Joined, &["sqlcmd", "bcp", "unzip"]),
    (" -a", Apart, &["redis-cli"]),
    (" -a", After(':'), &["http", "https", "httpie"]),
    (" -w", Apart, &["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ldappasswd"]),
    (" -u", After(':'), &["curl"]),
    (" --user", After(':'), &["curl"]),
    (" --proxy-user", After(':'), &["curl"]),
    (" -U", After('%'), &["smbclient", "rpcclient", "winexe", "net"]),
    (" -U", After(':'), &["curl"]),
];

/// Finds the password behind an option of a command that lies at `at`.
pub(crate) fn password(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let start = backward_within(text, at.start, LONGEST_COMMAND, |byte| !b"\n;|&`(".contains(&byte));
    // The rest of a character that the limit cut.
    let start = (start..at.start).find(|&start| text.is_char_boundary(start))?;
    let command = text.get(start..at.start)?;
    let option = text.get(at.clone())?;
    let apart = is_at(text, at.end, |byte| byte == b' ' || byte == b'=');
    let value_at = if apart { skip_blank(text, at.end + 1) } else { at.end };
    let value = literal(text, value_at, true).or_else(|| bare::word(text, value_at))?;
    OPTIONS.iter().filter(|(spelling, ..)| *spelling == option).find_map(|&(_, form, commands)| {
        if (form == Joined) == apart || !commands.iter().any(|name| names(command, name)) {
            return None;
        }
        let password = match form {
            Apart | Joined => value.clone(),
            After(separator) => {
                let (user, _) = text.get(value.clone())?.split_once(separator)?;
                value.start + user.len() + 1..value.end
            }
        };
        may_be_password(text.get(password.clone())?).then_some(password)
    })
}

/// Whether a command line holds a command as a word.
fn names(line: &str, command: &str) -> bool {
    line.match_indices(command).any(|(at, _)| {
        let before =
            at.checked_sub(1).is_none_or(|before| !is_at(line, before, |byte| word(byte) || byte == b'-'));
        before && !is_at(line, at + command.len(), |byte| word(byte) || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<&str> {
        let options = ["--proxy-user", "--user", "-p", "-P", "-u", "-U", "-a", "-w"];
        options.iter().find_map(|option| {
            let option = format!(" {option}");
            let start = line.find(&option)?;
            line.get(password(line, start..start + option.len())?)
        })
    }

    #[test]
    fn an_option_means_what_its_command_takes_it_for() {
        let secret = "k9Tq2mZp7";
        for line in [
            "mysql -u root -pk9Tq2mZp7 app",
            "sshpass -p k9Tq2mZp7 ssh a@b",
            "docker login -u a -p k9Tq2mZp7 b",
            "sshpass -p 'k9Tq2mZp7' ssh a@b",
            "redis-cli -h b -a k9Tq2mZp7 ping",
            "ldapsearch -x -w k9Tq2mZp7",
            "curl -s -u app:k9Tq2mZp7 https://b",
            "curl --user \"app:k9Tq2mZp7\" https://b",
            "curl --proxy-user=app:k9Tq2mZp7 https://b",
            "smbclient -U app%k9Tq2mZp7 //b/c",
        ] {
            assert_eq!(found(line), Some(secret), "{line}");
        }
        for line in [
            "mkdir -p k9Tq2mZp7",
            "docker run -p k9Tq2mZp7 b",
            "mysql -u root; mkdir -p k9Tq2mZp7",
            "mysql -p app",
            "mysql -p",
            "curl -u app https://b",
            "curl -u \"$USER:$PASSWORD\" https://b",
            "curl -u app:password https://b",
            "sshpass -p ${PASSWORD} ssh a@b",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
