package org.globalsessions.transport.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;

/**
 * Reads keys and certificates from PEM files: keys as SEC1 or PKCS#1 (what {@code openssl ecparam -genkey} and older tools
 * write), PKCS#8 and encrypted PKCS#8; other blocks of a file are passed over. Static, no state.
 */
final class PemFiles {
    private PemFiles() {}

    /**
     * Reads a private key.
     *
     * @param name      key of the configuration, for messages
     * @param file      the file, which nobody but its owner may read
     * @param password  of an encrypted key, or null
     * @param converter makes the key for the implementation of TLS that is used
     * @param decryptor has the algorithms by which keys are encrypted
     */
    static PrivateKey privateKey(
            String name, Path file, char[] password, JcaPEMKeyConverter converter, Provider decryptor) {
        SecretFile.requireClosed(key(name), file);
        try (PEMParser parser = parser(name, file)) {
            Object block = parser.readObject();
            while (block != null) {
                PrivateKeyInfo found = privateKeyInfo(name, file, block, password, decryptor);
                if (found != null) {
                    return converter.getPrivateKey(found);
                }
                block = parser.readObject();
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof TlsException alreadySaid) {
                throw alreadySaid;
            }
            // Not its message: a parser may quote what it could not read.
            throw new TlsException(at(name, file) + "not a readable private key in PEM form ("
                    + e.getClass().getSimpleName() + "); was the file written completely?");
        }
        throw new TlsException(at(name, file) + "holds no private key in PEM form");
    }

    private static PrivateKeyInfo privateKeyInfo(
            String name, Path file, Object block, char[] password, Provider decryptor) {
        if (block instanceof PEMKeyPair pair) {
            return pair.getPrivateKeyInfo();
        }
        if (block instanceof PrivateKeyInfo info) {
            return info;
        }
        if (block instanceof PEMEncryptedKeyPair) {
            throw new TlsException(at(name, file) + "is encrypted in a form that is no longer safe;"
                    + " write it anew with: openssl pkcs8 -topk8");
        }
        if (!(block instanceof PKCS8EncryptedPrivateKeyInfo encrypted)) {
            return null;
        }
        if (password == null) {
            throw new TlsException(at(name, file) + "is encrypted; set tls.key_password_file, or tls.key_password");
        }
        try {
            return encrypted.decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                    .setProvider(decryptor)
                    .build(password));
        } catch (PKCSException | OperatorCreationException e) {
            throw new TlsException(at(name, file) + "cannot be decrypted: is the password of tls.key_password_file or"
                    + " tls.key_password the right one?");
        }
    }

    /**
     * Reads certificates.
     *
     * @param name    key of the configuration, for messages
     * @param file    the file
     * @param factory makes the certificates for the implementation of TLS that is used
     * @return one or more, in the order of the file
     */
    static List<X509Certificate> certificates(String name, Path file, CertificateFactory factory) {
        List<X509Certificate> certificates = new ArrayList<>();
        try (PEMParser parser = parser(name, file)) {
            for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
                if (block instanceof X509CertificateHolder holder) {
                    certificates.add((X509Certificate)
                            factory.generateCertificate(new ByteArrayInputStream(holder.getEncoded())));
                }
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new TlsException(at(name, file) + "not readable certificates in PEM form ("
                    + e.getClass().getSimpleName() + "); was the file written completely?");
        }
        if (certificates.isEmpty()) {
            throw new TlsException(at(name, file) + "holds no certificate in PEM form");
        }
        return certificates;
    }

    private static PEMParser parser(String name, Path file) {
        return new PEMParser(new StringReader(
                // Whatever stands between the blocks may be in any encoding; the blocks are ASCII.
                SecretFile.text(key(name), file, StandardCharsets.ISO_8859_1)));
    }

    private static String key(String name) {
        return "tls." + name;
    }

    static String at(String name, Path file) {
        return SecretFile.at(key(name), file);
    }
}
