package org.globalsessions.transport.tls;

import java.net.Socket;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Decides whether a peer's certificates are trusted: asks the implementation's own trust manager, which also compares the
 * host's name, and adds three things. Every certificate shown has to be valid now: a trust manager passes one that is itself
 * in the list of what is trusted without looking at its dates. Refusals say which certificate and which file. And a server
 * does not name its authorities to clients: where the list holds a client's own certificate and not its issuer, the client
 * would conclude that it has none to show.
 *
 * <p>Immutable, any thread.
 */
final class PeerTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager delegate;
    private final Path file;

    PeerTrust(X509ExtendedTrustManager delegate, Path file) {
        this.delegate = delegate;
        this.file = file;
    }

    private interface Check {
        void run() throws CertificateException;
    }

    private void check(X509Certificate[] chain, Check trusted) throws CertificateException {
        for (X509Certificate certificate : chain) {
            try {
                certificate.checkValidity();
            } catch (CertificateExpiredException e) {
                throw (CertificateException)
                        new CertificateExpiredException("certificate has expired: " + describe(certificate))
                                .initCause(e);
            } catch (CertificateNotYetValidException e) {
                throw (CertificateException)
                        new CertificateNotYetValidException("certificate is not valid yet: " + describe(certificate))
                                .initCause(e);
            }
        }
        try {
            trusted.run();
        } catch (CertificateException e) {
            throw new CertificateException(
                    "certificate refused: " + describe(chain[0]) + ", trusted are those of " + file + ": "
                            + TlsFailure.printable(String.valueOf(deepest(e).getMessage())),
                    e);
        }
    }

    private static Throwable deepest(Throwable failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null && deepest.getCause() != deepest) {
            deepest = deepest.getCause();
        }
        return deepest.getMessage() == null ? failure : deepest;
    }

    private static String describe(X509Certificate certificate) {
        return "subject=" + certificate.getSubjectX500Principal().getName() + ", issuer="
                + certificate.getIssuerX500Principal().getName() + ", valid="
                + certificate.getNotBefore().toInstant() + ".."
                + certificate.getNotAfter().toInstant();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain, () -> delegate.checkClientTrusted(chain, authType, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain, () -> delegate.checkServerTrusted(chain, authType, engine));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain, () -> delegate.checkClientTrusted(chain, authType, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain, () -> delegate.checkServerTrusted(chain, authType, socket));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, () -> delegate.checkClientTrusted(chain, authType));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, () -> delegate.checkServerTrusted(chain, authType));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
