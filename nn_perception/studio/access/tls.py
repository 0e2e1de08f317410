"""The certificate with which the page is encrypted."""

from __future__ import annotations

from pathlib import Path
import ssl

from nn_perception.core.quoting import shown


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """
    Read a certificate, before the server starts.

    :param certificate: PEM file
    :param key: PEM file of its private key; None: it is in the file of the certificate
    :raises OSError: if a file cannot be read
    :raises ValueError: if one is no certificate or key, needs a password, or does not belong to
        the other
    """
    for path in filter(None, (certificate, key)):
        with path.open('rb') as stream:
            stream.read(1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = shown(str(certificate)) if key is None else f'{shown(str(certificate))} and {key}'
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == 'KEY_VALUES_MISMATCH':
            raise ValueError(f'{names} do not belong together') from error
        raise ValueError(
            f'{names}: not a certificate and its private key in PEM files without a password'
        ) from error
    context.set_alpn_protocols(['http/1.1'])
    return context


def _no_password() -> str:
    # Without it, OpenSSL asks on the terminal.
    return ''
