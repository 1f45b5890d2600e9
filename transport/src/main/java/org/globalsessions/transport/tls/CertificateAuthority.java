package org.globalsessions.transport.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * Issues certificates for the two sides of connections: what {@code keygen} does, for those who have no authority of their own.
 * Keys are EC, P-256. Immutable, any thread.
 */
public final class CertificateAuthority {
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final int SERIAL_BITS = 127;

    /** Clocks of other machines may be behind. */
    private static final Duration CLOCK_SKEW = Duration.ofHours(1);

    private static final Pattern HOST_NAME = Pattern.compile(
            "(?=.{1,253}$)(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");

    private final Issued own;

    private CertificateAuthority(Issued own) {
        this.own = own;
    }

    /**
     * A key with its certificate.
     *
     * @param key   the private key
     * @param chain its certificate first, then its issuer's
     */
    public record Issued(PrivateKey key, List<X509Certificate> chain) {
        /**
         * The private key as the text of a file.
         *
         * @return PKCS#8 in PEM form, not encrypted
         */
        public String keyPem() {
            return pem("PRIVATE KEY", key.getEncoded());
        }

        /**
         * The certificates as the text of a file.
         *
         * @return PEM
         */
        public String certificatePem() {
            StringBuilder text = new StringBuilder();
            try {
                for (X509Certificate certificate : chain) {
                    text.append(pem("CERTIFICATE", certificate.getEncoded()));
                }
            } catch (GeneralSecurityException e) {
                throw new TlsException("a certificate cannot be written", e);
            }
            return text.toString();
        }

        /** Never the key. */
        @Override
        public String toString() {
            return "Issued[subject=" + chain.get(0).getSubjectX500Principal() + "]";
        }

        private static String pem(String kind, byte[] bytes) {
            Base64.Encoder encoder = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
            return "-----BEGIN " + kind + "-----\n" + encoder.encodeToString(bytes) + "\n-----END " + kind + "-----\n";
        }
    }

    /**
     * Makes an authority with a new key.
     *
     * @param name     common name
     * @param validity from now on
     * @return the authority
     */
    public static CertificateAuthority create(String name, Duration validity) {
        KeyPair pair = newKeys();
        Instant now = Instant.now();
        X509Certificate certificate = sign(
                new Wanted(name, Kind.AUTHORITY, List.of(), now.minus(CLOCK_SKEW), now.plus(validity)),
                pair,
                pair.getPrivate(),
                null);
        return new CertificateAuthority(new Issued(pair.getPrivate(), List.of(certificate)));
    }

    /**
     * Takes up an authority again.
     *
     * @param key         its private key, PEM, mode 0600 or 0400
     * @param certificate its certificate, PEM
     * @return the authority
     * @throws TlsException if a file cannot be used
     */
    public static CertificateAuthority load(Path key, Path certificate) {
        X509Certificate own =
                PemFiles.certificates("ca_cert", certificate, certificates()).get(0);
        return new CertificateAuthority(
                new Issued(PemFiles.privateKey("ca_key", key, null, new JcaPEMKeyConverter(), null), List.of(own)));
    }

    /**
     * The authority's own key and certificate.
     *
     * @return what others are issued by
     */
    public Issued own() {
        return own;
    }

    /**
     * Issues a certificate for a listening side.
     *
     * @param name     common name
     * @param hosts    host names and addresses by which it is reached
     * @param validity from now on
     * @return a new key, its certificate and the authority's
     * @throws IllegalArgumentException if one is neither a host name nor an address
     */
    public Issued issueServer(String name, List<String> hosts, Duration validity) {
        Instant now = Instant.now();
        return issueServer(name, hosts, now.minus(CLOCK_SKEW), now.plus(validity));
    }

    Issued issueServer(String name, List<String> hosts, Instant from, Instant to) {
        return issue(new Wanted(name, Kind.SERVER, hosts, from, to));
    }

    /**
     * Issues a certificate for a connecting side.
     *
     * @param name     common name, by which rights may be given
     * @param validity from now on
     * @return a new key, its certificate and the authority's
     */
    public Issued issueClient(String name, Duration validity) {
        Instant now = Instant.now();
        return issueClient(name, now.minus(CLOCK_SKEW), now.plus(validity));
    }

    Issued issueClient(String name, Instant from, Instant to) {
        return issue(new Wanted(name, Kind.CLIENT, List.of(), from, to));
    }

    /**
     * Whether a certificate can be made for a host.
     *
     * @param host anything
     * @return true for a host name (the first part of which may be {@code *}) and for an IPv4 or IPv6 address
     */
    public static boolean isHost(String host) {
        return IPAddress.isValid(host) || HOST_NAME.matcher(host).matches();
    }

    private enum Kind {
        AUTHORITY,
        SERVER,
        CLIENT
    }

    private record Wanted(String name, Kind kind, List<String> hosts, Instant from, Instant to) {}

    private Issued issue(Wanted wanted) {
        KeyPair pair = newKeys();
        X509Certificate issuer = own.chain.get(0);
        return new Issued(pair.getPrivate(), List.of(sign(wanted, pair, own.key, issuer), issuer));
    }

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new TlsException("this JVM makes no EC keys", e);
        }
    }

    /**
     * Signs a certificate.
     *
     * @param issuer certificate of the signer; null for one signed by its own key
     */
    private static X509Certificate sign(Wanted wanted, KeyPair pair, PrivateKey signer, X509Certificate issuer) {
        X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, wanted.name).build();
        X500Name issuerName = issuer == null
                ? subject
                : X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuerName,
                    new BigInteger(SERIAL_BITS, new SecureRandom()),
                    Date.from(wanted.from),
                    Date.from(wanted.to),
                    subject,
                    pair.getPublic());
            boolean authority = wanted.kind == Kind.AUTHORITY;
            builder.addExtension(
                    Extension.basicConstraints,
                    true,
                    authority ? new BasicConstraints(0) : new BasicConstraints(false));
            builder.addExtension(
                    Extension.keyUsage,
                    true,
                    new KeyUsage(authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(pair.getPublic()));
            if (issuer != null) {
                builder.addExtension(
                        Extension.authorityKeyIdentifier,
                        false,
                        extensions.createAuthorityKeyIdentifier(issuer.getPublicKey()));
                builder.addExtension(
                        Extension.extendedKeyUsage,
                        false,
                        new ExtendedKeyUsage(
                                wanted.kind == Kind.SERVER
                                        ? KeyPurposeId.id_kp_serverAuth
                                        : KeyPurposeId.id_kp_clientAuth));
            }
            if (!wanted.hosts.isEmpty()) {
                builder.addExtension(Extension.subjectAlternativeName, false, names(wanted.hosts));
            }
            byte[] encoded = builder.build(new JcaContentSignerBuilder(SIGNATURE).build(signer))
                    .getEncoded();
            return (X509Certificate) certificates().generateCertificate(new ByteArrayInputStream(encoded));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new TlsException("a certificate cannot be made: subject=" + subject, e);
        }
    }

    private static CertificateFactory certificates() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (GeneralSecurityException e) {
            throw new TlsException("this JVM reads no certificates", e);
        }
    }

    private static GeneralNames names(List<String> hosts) {
        List<GeneralName> names = new ArrayList<>();
        for (String host : hosts) {
            if (!isHost(host)) {
                throw new IllegalArgumentException("neither a host name nor an address: host=" + host);
            }
            names.add(new GeneralName(IPAddress.isValid(host) ? GeneralName.iPAddress : GeneralName.dNSName, host));
        }
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }
}
