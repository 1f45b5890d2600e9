package org.globalsessions.transport.tls;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.jcajce.util.JcaJceHelper;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jsse.provider.BouncyCastleJsseProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCrypto;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCryptoProvider;

/**
 * One implementation of TLS: its providers as objects, none of which is registered in this JVM, so that an application's own
 * cryptography stays as it is. Immutable, any thread.
 */
final class TlsImplementation {
    /**
     * Bouncy Castle tells there at INFO what it found in the security properties, and each failed handshake once more, which
     * {@link java.util.logging} would print. The field keeps the level, as loggers are held weakly.
     */
    private static final List<Logger> QUIET =
            List.of(Logger.getLogger("org.bouncycastle.jsse"), Logger.getLogger("org.bouncycastle.tls"));

    private static final String FIPS_CRYPTO = "org.bouncycastle.jcajce.provider.BouncyCastleFipsProvider";

    /** Null for the JDK's, which is looked up by the name of the algorithm alone. */
    private final Provider jsse;

    /** Signatures, key stores and keys; null for the JDK's. */
    private final Provider crypto;

    /** By which encrypted keys are read. */
    private final Provider decryptor;

    /** Always passed: without one, Bouncy Castle may look for an algorithm that only a registered provider has. */
    private final SecureRandom random;

    private TlsImplementation(Provider jsse, Provider crypto, Provider decryptor, SecureRandom random) {
        this.jsse = jsse;
        this.crypto = crypto;
        this.decryptor = decryptor;
        this.random = random;
    }

    static TlsImplementation of(TlsSettings.Implementation which) {
        return switch (which) {
            case BCJSSE -> {
                Provider crypto = General.provider();
                yield bouncyCastle(crypto, algorithms(crypto), new SecureRandom());
            }
            case JDK -> new TlsImplementation(null, null, General.provider(), new SecureRandom());
            case BCFIPS -> fips();
        };
    }

    static JcaJceHelper algorithms(Provider crypto) {
        return new AesOfJdk(crypto, Security.getProvider("SunJCE"));
    }

    /** Bouncy Castle's with a choice of where it takes its algorithms and its randomness from. */
    static TlsImplementation bouncyCastle(Provider crypto, JcaJceHelper algorithms, SecureRandom random) {
        quiet();
        JcaTlsCryptoProvider source = new JcaTlsCryptoProvider() {
            @Override
            public JcaTlsCrypto create(SecureRandom keyRandom, SecureRandom nonceRandom) {
                return new Crypto(algorithms, keyRandom, nonceRandom);
            }
        }.setProvider(crypto);
        return new TlsImplementation(new BouncyCastleJsseProvider(false, source), crypto, crypto, random);
    }

    private static TlsImplementation fips() {
        quiet();
        try {
            Provider crypto = Class.forName(FIPS_CRYPTO)
                    .asSubclass(Provider.class)
                    .getDeclaredConstructor()
                    .newInstance();
            return new TlsImplementation(
                    new BouncyCastleJsseProvider(true, crypto),
                    crypto,
                    crypto,
                    SecureRandom.getInstance("DEFAULT", crypto));
        } catch (ReflectiveOperationException | GeneralSecurityException e) {
            throw new TlsException(
                    "tls.provider: bcfips needs bc-fips, bctls-fips, bcpkix-fips and bcutil-fips on the class path, in"
                            + " place of bcprov-jdk18on, bctls-jdk18on, bcpkix-jdk18on and bcutil-jdk18on; missing is "
                            + FIPS_CRYPTO + "; or choose bcjsse or jdk",
                    e);
        }
    }

    private static void quiet() {
        for (Logger logger : QUIET) {
            if (logger.getLevel() == null) {
                logger.setLevel(Level.OFF);
            }
        }
    }

    SSLContext newContext() throws GeneralSecurityException {
        return jsse == null ? SSLContext.getInstance("TLS") : SSLContext.getInstance("TLS", jsse);
    }

    /** "PKIX" of the same provider: the default one knows nothing of how Bouncy Castle names kinds of keys. */
    KeyManagerFactory newKeyManagers() throws GeneralSecurityException {
        return jsse == null ? KeyManagerFactory.getInstance("PKIX") : KeyManagerFactory.getInstance("PKIX", jsse);
    }

    TrustManagerFactory newTrustManagers() throws GeneralSecurityException {
        return jsse == null ? TrustManagerFactory.getInstance("PKIX") : TrustManagerFactory.getInstance("PKIX", jsse);
    }

    /** In memory; whatever is put in never reaches a file. */
    KeyStore newKeyStore() throws GeneralSecurityException, java.io.IOException {
        KeyStore store = crypto == null ? KeyStore.getInstance("PKCS12") : KeyStore.getInstance(storeType(), crypto);
        store.load(null, null);
        return store;
    }

    /** The FIPS module has no other kind where it is told to do nothing but what is approved. */
    private String storeType() {
        return crypto.getClass().getName().equals(FIPS_CRYPTO) ? "BCFKS" : "PKCS12";
    }

    Signature newSignature(String algorithm) throws GeneralSecurityException {
        return crypto == null ? Signature.getInstance(algorithm) : Signature.getInstance(algorithm, crypto);
    }

    JcaPEMKeyConverter newKeyConverter() {
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        if (crypto != null) {
            converter.setProvider(crypto);
        }
        // Not ECDSA, its name in Bouncy Castle: key managers compare with the EC of certificates.
        return converter.setAlgorithmMapping(X9ObjectIdentifiers.id_ecPublicKey, "EC");
    }

    /** Of the same provider as the keys: both have to call their kind by the same name. */
    CertificateFactory newCertificates() throws GeneralSecurityException {
        return crypto == null
                ? CertificateFactory.getInstance("X.509")
                : CertificateFactory.getInstance("X.509", crypto);
    }

    Provider decryptor() {
        return decryptor;
    }

    SecureRandom random() {
        return random;
    }

    /** In a class of its own: where Bouncy Castle's FIPS module stands in place of the provider, it is not to be loaded. */
    private static final class General {
        static Provider provider() {
            return new BouncyCastleProvider();
        }
    }

    /** Only to reach the constructor. */
    private static final class Crypto extends JcaTlsCrypto {
        Crypto(JcaJceHelper algorithms, SecureRandom keyRandom, SecureRandom nonceRandom) {
            super(algorithms, keyRandom, nonceRandom);
        }
    }
}
