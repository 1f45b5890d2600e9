package org.globalsessions.transport.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Key, certificate and what the other side is trusted by, as read from their files. TLS 1.3 alone, with AES-GCM, both sides
 * show certificates, but for the clients of a gateway; a client compares the server's name with the one it was given.
 *
 * <p>The files are looked at again before a handshake, at most once a second; new ones count from that handshake on, and
 * connections that stand are left alone. Where new files cannot be used, since they are half written or do not belong together,
 * the last good ones stay.
 *
 * <p>Any thread.
 */
public final class TlsCredentials {
    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final List<String> CIPHER_SUITES = List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
    private static final String ALIAS = "own";
    private static final char[] NO_PASSWORD = {};
    private static final byte[] PROBE =
            "do key and certificate belong together?".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final TlsSettings settings;
    private final TlsImplementation implementation;
    private volatile SSLContext context;

    private final WatchedFiles files;

    private TlsCredentials(TlsSettings settings, TlsImplementation implementation) {
        this.settings = settings;
        this.implementation = implementation;
        this.files = new WatchedFiles(filesOf(settings));
        this.context = load();
    }

    /**
     * Reads the files.
     *
     * @param settings which
     * @return ready for handshakes
     * @throws TlsException if one is absent, cannot be read, is open to others, has expired, or does not belong to the others
     */
    public static TlsCredentials open(TlsSettings settings) {
        return open(settings, TlsImplementation.of(settings.implementation()));
    }

    static TlsCredentials open(TlsSettings settings, TlsImplementation implementation) {
        return new TlsCredentials(settings, implementation);
    }

    /**
     * What became of changed files.
     *
     * @param succeeded whether the new ones count now; else the last good ones stay
     * @param what      fit for a log line
     */
    public record Reload(boolean succeeded, String what) {}

    /**
     * Looks whether the files have changed, and reads them if so.
     *
     * @return what became of it, or null where nothing was to be done
     */
    public synchronized Reload refresh() {
        if (!files.haveChanged()) {
            return null;
        }
        try {
            context = load();
            return new Reload(true, "new keys and certificates count from now on: " + settings.certificate());
        } catch (TlsException e) {
            return new Reload(false, e.getMessage() + "; the ones read before still count");
        }
    }

    /**
     * Makes what protects one connection.
     *
     * @param host for a connecting side, the name or address that the certificate has to be for, as configured; null for a
     *             listening one
     * @param port the peer's port
     * @return an engine of its own
     */
    public SSLEngine newEngine(String host, int port) {
        SSLEngine engine = host == null ? context.createSSLEngine() : context.createSSLEngine(host, port);
        engine.setUseClientMode(!settings.isListening());
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(PROTOCOLS);
        List<String> suites = new ArrayList<>(CIPHER_SUITES);
        suites.retainAll(Arrays.asList(engine.getSupportedCipherSuites()));
        parameters.setCipherSuites(suites.toArray(String[]::new));
        if (settings.isListening()) {
            parameters.setNeedClientAuth(settings.trusted() != null);
        } else {
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        engine.setSSLParameters(parameters);
        return engine;
    }

    private SSLContext load() {
        try {
            CertificateFactory certificates = implementation.newCertificates();
            List<X509Certificate> chain =
                    PemFiles.certificates(settings.certificateName(), settings.certificate(), certificates);
            // Without these nobody shows a certificate, and nobody is asked for one.
            List<X509Certificate> trusted = settings.trusted() == null
                    ? List.of()
                    : PemFiles.certificates(settings.trustedName(), settings.trusted(), certificates);
            PrivateKey key = PemFiles.privateKey(
                    settings.keyName(),
                    settings.key(),
                    password(),
                    implementation.newKeyConverter(),
                    implementation.decryptor());
            requireValid(chain.get(0));
            requirePair(key, chain.get(0));
            SSLContext loaded = implementation.newContext();
            loaded.init(
                    keyManagers(key, chain).getKeyManagers(),
                    trusted.isEmpty() ? new TrustManager[0] : new TrustManager[] {peerTrust(trusted)},
                    implementation.random());
            // The JDK's server would let a client in by an earlier session, without a look at its certificate.
            if (loaded.getServerSessionContext() != null) {
                loaded.getServerSessionContext().setSessionTimeout(1);
            }
            return loaded;
        } catch (TlsException e) {
            throw e;
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            throw new TlsException(
                    "tls: cannot be set up with "
                            + filesOf(settings).stream().map(Path::toString).collect(Collectors.joining(", ")) + ": "
                            + TlsFailure.describe(e),
                    e);
        }
    }

    private char[] password() {
        if (settings.keyPasswordFile() != null) {
            return SecretFile.firstLine("tls.key_password_file", settings.keyPasswordFile())
                    .toCharArray();
        }
        return settings.keyPassword() == null ? null : settings.keyPassword().toCharArray();
    }

    private void requireValid(X509Certificate own) {
        try {
            own.checkValidity();
        } catch (CertificateException e) {
            throw new TlsException(PemFiles.at(settings.certificateName(), settings.certificate())
                    + "not valid now: valid=" + own.getNotBefore().toInstant() + ".."
                    + own.getNotAfter().toInstant() + "; every peer would refuse it");
        }
    }

    private void requirePair(PrivateKey key, X509Certificate certificate) throws GeneralSecurityException {
        String algorithm = signatureOf(key);
        if (algorithm == null) {
            throw new TlsException(PemFiles.at(settings.keyName(), settings.key()) + "of a kind that is not served: "
                    + key.getAlgorithm() + ", allowed are EC, RSA and Ed25519");
        }
        boolean pair;
        try {
            Signature signature = implementation.newSignature(algorithm);
            signature.initSign(key, implementation.random());
            signature.update(PROBE);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(PROBE);
            pair = signature.verify(signed);
        } catch (java.security.InvalidKeyException | java.security.SignatureException e) {
            pair = false;
        }
        if (!pair) {
            throw new TlsException("tls: key and certificate do not belong together: " + settings.keyName() + "="
                    + settings.key() + ", " + settings.certificateName() + "=" + settings.certificate()
                    + "; the certificate of the key has to come first in its file");
        }
    }

    private static String signatureOf(PrivateKey key) {
        return switch (key.getAlgorithm()) {
            case "EC", "ECDSA" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            case "EdDSA", "Ed25519" -> "Ed25519";
            default -> null;
        };
    }

    private KeyManagerFactory keyManagers(PrivateKey key, List<X509Certificate> chain)
            throws GeneralSecurityException, IOException {
        KeyStore store = implementation.newKeyStore();
        store.setKeyEntry(ALIAS, key, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
        KeyManagerFactory factory = implementation.newKeyManagers();
        factory.init(store, NO_PASSWORD);
        return factory;
    }

    private PeerTrust peerTrust(List<X509Certificate> trusted) throws GeneralSecurityException, IOException {
        KeyStore store = implementation.newKeyStore();
        for (int i = 0; i < trusted.size(); i++) {
            store.setCertificateEntry("trusted-" + i, trusted.get(i));
        }
        TrustManagerFactory factory = implementation.newTrustManagers();
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return new PeerTrust(extended, settings.trusted());
            }
        }
        throw new GeneralSecurityException("no trust manager for certificates");
    }

    private static List<Path> filesOf(TlsSettings settings) {
        List<Path> files = new ArrayList<>(List.of(settings.key(), settings.certificate()));
        if (settings.trusted() != null) {
            files.add(settings.trusted());
        }
        if (settings.keyPasswordFile() != null) {
            files.add(settings.keyPasswordFile());
        }
        return files;
    }
}
