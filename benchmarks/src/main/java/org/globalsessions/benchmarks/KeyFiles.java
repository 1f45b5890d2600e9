package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.globalsessions.transport.tls.CertificateAuthority;
import org.globalsessions.transport.tls.CertificateAuthority.Issued;

/** Keys and certificates of one run, the same for every server and client. Static. */
final class KeyFiles {
    static final String AUTHORITY = "ca.crt";
    static final String SERVER_KEY = "server.key";
    static final String SERVER_CERTIFICATE = "server.crt";
    static final String CLIENT_KEY = "client.key";
    static final String CLIENT_CERTIFICATE = "client.crt";

    private KeyFiles() {}

    /** Makes them in a folder that is there. */
    static void make(Path folder) throws IOException {
        Duration validity = Duration.ofDays(1);
        CertificateAuthority authority = CertificateAuthority.create("benchmark", validity);
        Issued server = authority.issueServer("server", List.of(Endpoint.HOST, "127.0.0.1"), validity);
        Issued client = authority.issueClient("client", validity);
        write(folder.resolve(AUTHORITY), authority.own().certificatePem());
        write(folder.resolve(SERVER_KEY), server.keyPem());
        write(folder.resolve(SERVER_CERTIFICATE), server.certificatePem());
        write(folder.resolve(CLIENT_KEY), client.keyPem());
        write(folder.resolve(CLIENT_CERTIFICATE), client.certificatePem());
    }

    private static void write(Path file, String text) throws IOException {
        // A key that others can read is refused.
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text);
    }
}
