"""Prepares a header for doxygen; the header itself stays plain text.

xgpush.h: puts each declaration into the group of its type, and makes a link of every
xg_ and XG_ name in a comment, so that doxygen warns of a name that does not exist.

xgpush.hpp: the same links; a member without a comment refers to the C function that it
calls; the inline namespace that separates exceptions from results is left out."""

import re
import sys

# In the order in which the reference shows them: group, title, its names.
GROUPS = [
    ("version", "Versions", r"xg_version|xg_abi_\w+|XG_VERSION\w*|XG_ABI_VERSION"),
    ("config", "Configuration", r"xg_config\w*|xg_option_\w+"),
    ("client", "Client: blocking calls", r"xg_client\w*|xg_batch_operate|xg_query|xg_call\w*"),
    ("request", "Requests", r"xg_request\w*|xg_action|XG_NO_ACCOUNT_TYPE"),
    ("outcome", "Outcomes", r"xg_outcome\w*|xg_state\w*"),
    ("reply", "Replies of other endpoints", r"xg_reply\w*"),
    ("outbox", "Outbox: background delivery", r"xg_outbox\w*|xg_pending\w*|xg_log_\w+|XG_LOG_\w+"),
    ("reports", "Reports of an outbox", r"xg_report\w*"),
    ("stats", "Numbers of an outbox", r"xg_stats\w*"),
    ("error", "Errors", r"xg_error\w*|xg_status\w*"),
    ("codes", "Return codes", r"xg_code\w*|XG_CODE_\w+"),
    ("transport", "Bring your own HTTP",
     r"xg_transport\w*|xg_transfer\w*|xg_perform_fn|xg_destroy_fn"),
    ("exchange", "Exchange: with an HTTP client of yours",
     r"xg_exchange\w*|xg_http_request\w*|xg_send_error"),
]
DECLARED = re.compile(r"#define (\w+)|typedef (?:enum|struct) (\w+)|\(\*(\w+)\)|(\w+)\(")
NAME = re.compile(r"(`[^`]*`|\"[^\"]*\")|\b(xg(?:_[a-z0-9]+)+|XG(?:_[A-Z0-9]+)+)\b(?!_)")


def group_of(name: str) -> str:
    for group, _, names in GROUPS:
        if re.fullmatch(names, name):
            return f"@ingroup {group}"
    return f"@{name}_needs_a_group_in_doxygen_filter"  # an unknown command: warned of


def with_links(comment: str) -> str:
    fenced = False
    lines = []
    for line in comment.split("\n"):
        if "```" in line:
            fenced = not fenced
        elif not fenced:
            line = NAME.sub(lambda m: m[1] or "#" + m[2], line)
        lines.append(line)
    return "\n".join(lines)


def prepared(header: str) -> str:
    def comment(found: "re.Match[str]") -> str:
        text = with_links(found[0])
        if found[1] or "@mainpage" in text:  # inside an enumeration, or the main page
            return text
        declared = DECLARED.search(header, found.end())
        name = next(filter(None, declared.groups())) if declared else "nothing"
        return f"{text[:-2]}\n * {group_of(name)}\n */"

    page = re.sub(r"^([ ]*)/\*\*.*?\*/", comment, header, flags=re.M | re.S)
    # Only in a file that is documented itself is an undocumented name warned of.
    extra = ["/** @file */\n"]
    extra += (f"/** @defgroup {group} {title} */\n" for group, title, _ in GROUPS)
    return page + "".join(extra)


MEMBER = re.compile(r"^  (?!///|//|using |return |}|\)).*[({]")


def prepared_cpp(header: str) -> str:
    header = re.sub(r"^.*namespace XGPUSH_ERRORS.*\n", "", header, flags=re.M)
    lines = header.split("\n")
    page = []
    for at, line in enumerate(lines):
        if line.lstrip().startswith("///"):
            line = NAME.sub(lambda m: m[1] or "#" + m[2], line)
        elif MEMBER.match(line) and not page[-1].lstrip().startswith(("///", "template")):
            body = "\n".join(lines[at : at + 8]).split("\n  }")[0]
            if line.endswith(("}", ";")):
                body = line
            called = re.search(r"\bxg_[a-z0-9_]+(?=[(,)])", body)
            if called:
                page.append(f"  /// See #{called[0]}.")
        page.append(line)
    return "\n".join(page)


with open(sys.argv[1], encoding="utf-8") as file:
    prepare = prepared_cpp if sys.argv[1].endswith(".hpp") else prepared
    sys.stdout.buffer.write(prepare(file.read()).encode())
