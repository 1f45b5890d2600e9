package org.globalsessions.transport.tls;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Keys and certificates of one authority in a folder, under the names that keygen gives them. */
public final class KeyFolder {
    public static final List<String> HOSTS = List.of("localhost", "127.0.0.1", "::1");

    private static final Duration VALIDITY = Duration.ofDays(2);

    private final Path folder;
    private final CertificateAuthority authority = CertificateAuthority.create("test authority", VALIDITY);

    public KeyFolder(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        write("ca.crt", authority.own().certificatePem());
        server(HOSTS);
        client("client");
    }

    public KeyFolder server(List<String> hosts) {
        return put("server", authority.issueServer("server", hosts, VALIDITY));
    }

    public KeyFolder client(String name) {
        return put("client", authority.issueClient(name, VALIDITY));
    }

    /** A valid pair that is in no file. */
    public CertificateAuthority.Issued issuedServer() {
        return authority.issueServer("server", HOSTS, VALIDITY);
    }

    /** A valid pair that is in no file. */
    public CertificateAuthority.Issued issuedClient() {
        return authority.issueClient("another client", VALIDITY);
    }

    public String authorityPem() {
        return authority.own().certificatePem();
    }

    /** A pair that ran out a minute ago; in no file. */
    public CertificateAuthority.Issued expiredServer() {
        return authority.issueServer("server", HOSTS, yesterday(), aMinuteAgo());
    }

    /** A pair that ran out a minute ago; in no file. */
    public CertificateAuthority.Issued expiredClient() {
        return authority.issueClient("client", yesterday(), aMinuteAgo());
    }

    private static Instant yesterday() {
        return Instant.now().minus(Duration.ofDays(1));
    }

    private static Instant aMinuteAgo() {
        return Instant.now().minus(Duration.ofMinutes(1));
    }

    public Path file(String name) {
        return folder.resolve(name);
    }

    CertificateAuthority authority() {
        return authority;
    }

    KeyFolder put(String name, CertificateAuthority.Issued issued) {
        write(name + ".key", issued.keyPem());
        write(name + ".crt", issued.certificatePem());
        return this;
    }

    /** As careful people replace files: beside, then renamed over. */
    public Path write(String name, String text) {
        try {
            Path beside = folder.resolve(name + ".new");
            Files.writeString(beside, text);
            Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-------"));
            return Files.move(beside, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A {@code tls} section of a listener, as text; it trusts what is in this folder. */
    public String listenerSection(String more) {
        return "server_key : \"" + file("server.key") + "\", server_cert : \"" + file("server.crt")
                + "\", client_cert : \"" + file("ca.crt") + "\"" + (more.isEmpty() ? "" : ", " + more);
    }

    public String connectorSection(String more) {
        return "client_key : \"" + file("client.key") + "\", client_cert : \"" + file("client.crt")
                + "\", server_cert : \"" + file("ca.crt") + "\"" + (more.isEmpty() ? "" : ", " + more);
    }

    public TlsSettings listener(String more) {
        return TlsSettings.ofListener(parsed(listenerSection(more)));
    }

    public TlsSettings connector(String more) {
        return TlsSettings.ofConnector(parsed(connectorSection(more)));
    }

    private static Config parsed(String section) {
        return ConfigFactory.parseString(section);
    }
}
