"""How the connection to PostgreSQL is encrypted, in libpq's terms, as asyncpg takes it."""

import ssl
from dataclasses import dataclass
from typing import Literal, get_args

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

SSL_MODES: tuple[SslMode, ...] = get_args(SslMode)


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """`sslmode` and the files that go with it (`sslrootcert`, `sslcert`, `sslkey`)."""

    mode: SslMode = "prefer"
    root_certificate: str | None = None
    certificate: str | None = None
    key: str | None = None

    def asyncpg_argument(self) -> ssl.SSLContext | SslMode:
        """What asyncpg's `ssl` argument is to be. Reads files, so it belongs in a thread.

        asyncpg tries both ways by itself for the modes below `require`. For the others it looks for
        `~/.postgresql/root.crt` only; here the system's authorities stand in where `sslrootcert` names no
        file, since hosted databases have certificates of public ones. `require` encrypts without asking who
        answers, as libpq does, unless `sslrootcert` is given.

        Raises OSError (ssl.SSLError is one) for a file that cannot be used.
        """
        if self.mode in ("disable", "allow", "prefer"):
            return self.mode
        root = None if self.root_certificate == "system" else self.root_certificate
        context = ssl.create_default_context(cafile=root)
        if self.mode != "verify-full":
            context.check_hostname = False
        if self.mode == "require" and self.root_certificate is None:
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context
