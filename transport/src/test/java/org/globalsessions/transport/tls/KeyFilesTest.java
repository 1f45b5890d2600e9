package org.globalsessions.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.util.Base64;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMEncryptor;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and certificates in every form that is served, and what is said of the others. */
class KeyFilesTest {
    private static final String PASSWORD = "planted-password";

    private static final ASN1ObjectIdentifier P_256 = X9ObjectIdentifiers.prime256v1;

    @TempDir
    private Path folder;

    private KeyFolder keys;
    private PrivateKey serverKey;

    @BeforeEach
    void makeKeys() {
        keys = new KeyFolder(folder);
        CertificateAuthority.Issued issued = keys.issuedServer();
        keys.put("server", issued);
        serverKey = issued.key();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldReadSec1KeyWithABlockOfParametersBeforeIt(String provider) throws Exception {
        // The parameters of P-256, as openssl ecparam -genkey writes them before the key.
        String parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        keys.write("server.key", parameters + sec1());

        TlsCredentials.open(keys.listener("provider : " + provider));
    }

    /** As openssl writes it: with the name of the curve inside the key. */
    private String sec1() throws IOException {
        ECPrivateKey key = new ECPrivateKey(256, ((java.security.interfaces.ECPrivateKey) serverKey).getS(), P_256);
        return "-----BEGIN EC PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
                + "\n-----END EC PRIVATE KEY-----\n";
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldReadEncryptedKeyWhenPasswordIsGivenEitherWay(String provider) throws Exception {
        keys.write("server.key", encrypted());
        Path file = keys.write("password", PASSWORD + "\nanother line\n");

        TlsCredentials.open(keys.listener("provider : " + provider + ", key_password : \"" + PASSWORD + "\""));
        TlsCredentials.open(keys.listener("provider : " + provider + ", key_password_file : \"" + file + "\""));
    }

    @Test
    void shouldSayWhatToDoWhenKeyIsEncryptedAndThePasswordIsNotTheRightOne() throws Exception {
        keys.write("server.key", encrypted());
        Path file = keys.write("password", "planted-wrong");

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                .isInstanceOf(TlsException.class)
                .hasMessage("tls.server_key: " + keys.file("server.key")
                        + ": is encrypted; set tls.key_password_file, or tls.key_password");
        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("key_password_file : \"" + file + "\"")))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("cannot be decrypted")
                .hasMessageNotContaining("planted");
    }

    @Test
    void shouldRefuseKeyThatIsEncryptedInTheOldForm() throws Exception {
        PEMEncryptor old = new JcePEMEncryptorBuilder("AES-256-CBC")
                .setProvider(new BouncyCastleProvider())
                .build(PASSWORD.toCharArray());
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(new JcaMiscPEMGenerator(serverKey, old));
        }
        keys.write("server.key", text.toString());

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("key_password : \"" + PASSWORD + "\"")))
                .hasMessageContaining("openssl pkcs8 -topk8")
                .hasMessageNotContaining(PASSWORD);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw-r--r--", "rw----r--", "rwx------"})
    void shouldRefuseKeyFileThatOthersMayRead(String mode) throws Exception {
        Files.setPosixFilePermissions(keys.file("server.key"), PosixFilePermissions.fromString(mode));

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(
                        "tls.server_key: " + keys.file("server.key") + ": refused: other users may read it: mode=")
                .hasMessageContaining("chmod 600");
    }

    @Test
    void shouldTakeKeyFileThatItsOwnerMayOnlyRead() throws Exception {
        Files.setPosixFilePermissions(keys.file("server.key"), PosixFilePermissions.fromString("r--------"));

        TlsCredentials.open(keys.listener(""));
    }

    @Test
    void shouldRefusePasswordFileThatOthersMayRead() throws Exception {
        keys.write("server.key", encrypted());
        Path file = keys.write("password", PASSWORD);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("key_password_file : \"" + file + "\"")))
                .hasMessageStartingWith("tls.key_password_file: " + file)
                .hasMessageContaining("mode=644");
    }

    @Test
    void shouldNameTheFileWhenOneIsAbsentEmptyOrCutShort() throws Exception {
        String certificate = Files.readString(keys.file("server.crt"));
        String key = Files.readString(keys.file("server.key"));
        for (String bad : new String[] {"", "no key", key.substring(0, 100), key.substring(0, key.length() - 20)}) {
            keys.write("server.key", bad);
            assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                    .as(bad)
                    .isInstanceOf(TlsException.class)
                    .hasMessageStartingWith("tls.server_key: " + keys.file("server.key"));
        }
        keys.write("server.key", key);
        for (String bad : new String[] {"", certificate.substring(0, 200), certificate.replace("A", "B")}) {
            keys.write("server.crt", bad);
            assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                    .as(bad)
                    .isInstanceOf(TlsException.class)
                    .hasMessageStartingWith("tls.server_cert: " + keys.file("server.crt"));
        }
        Files.delete(keys.file("ca.crt"));
        keys.write("server.crt", certificate);
        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                .hasMessage("tls.client_cert: " + keys.file("ca.crt") + ": no such file");
    }

    @Test
    void shouldRefuseKeyAndCertificateThatDoNotBelongTogether() {
        keys.write("server.key", keys.issuedServer().keyPem());

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                .hasMessageStartingWith("tls: key and certificate do not belong together: server_key=")
                .hasMessageNotContaining("PRIVATE");
    }

    @Test
    void shouldRefuseOwnCertificateThatHasExpired() {
        keys.put("server", keys.expiredServer());

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("")))
                .hasMessageStartingWith("tls.server_cert: " + keys.file("server.crt") + ": not valid now: valid=");
    }

    @Test
    void shouldSayWhichArchivesAreMissingWhenFipsIsAskedFor() {
        assertThatThrownBy(() -> TlsCredentials.open(keys.listener("provider : bcfips")))
                .isInstanceOf(TlsException.class)
                .hasMessageContainingAll(
                        "bc-fips", "bctls-fips", "bcpkix-fips", "bcutil-fips", "in place of bcprov-jdk18on");
    }

    @Test
    void shouldShowNoByteOfAKeyWhenItCannotBeRead() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair other = generator.generateKeyPair();
        String body = Base64.getEncoder().encodeToString(other.getPrivate().getEncoded());
        keys.write(
                "server.key",
                "-----BEGIN PRIVATE KEY-----\n" + body.substring(0, 400) + "\n-----END PRIVATE KEY-----\n");

        assertThatThrownBy(() -> TlsCredentials.open(keys.listener(""))).satisfies(failure -> {
            for (Throwable each = failure; each != null; each = each.getCause()) {
                assertThat(each.toString()).doesNotContain(body.substring(0, 20));
            }
        });
    }

    private String encrypted() throws Exception {
        JceOpenSSLPKCS8EncryptorBuilder builder = new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                .setProvider(new BouncyCastleProvider())
                .setRandom(new SecureRandom())
                .setPassword(PASSWORD.toCharArray());
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(new JcaPKCS8Generator(serverKey, builder.build()));
        }
        assertThat(text.toString()).contains("BEGIN ENCRYPTED PRIVATE KEY");
        return text.toString();
    }
}
