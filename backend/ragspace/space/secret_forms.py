"""What keys look like: the forms that their issuers gave them, without what may stand around them."""

from collections.abc import Mapping

KEY_FORMS: Mapping[str, bytes] = {
    "a Google API key": rb"AIza[0-9A-Za-z_-]{35}",
    "a Hugging Face token": rb"(?:hf|api_org)_[0-9A-Za-z]{30,}",
    "a JSON web token, as Qdrant Cloud's keys are": rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a Neon password": rb"npg_[0-9A-Za-z]{10,}",
    "an API key": rb"sk-[0-9A-Za-z_-]{24,}",
    "a GitHub token": rb"gh[pousr]_[0-9A-Za-z]{36}",
    "an AWS key": rb"AKIA[0-9A-Z]{16}",
    "a private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
}
