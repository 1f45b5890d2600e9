package org.globalsessions.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.globalsessions.transport.tls.CertificateAuthority;
import org.globalsessions.transport.tls.CertificateAuthority.Issued;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code keygen DIR}: an authority, and from it keys and certificates for both sides of connections. */
@Command(
        name = "keygen",
        description = {
            "Makes an authority (ca), and keys and certificates for the listening side (server) and the connecting side"
                    + " (client): EC, PEM, as the tls sections of the samples name them.",
            "Overwrites nothing. Where the authority is there and a pair is not, that pair alone is made: so certificates"
                    + " are renewed."
        },
        mixinStandardHelpOptions = true)
final class KeygenCommand implements Callable<Integer> {
    private static final List<String> EVERY_HOST = List.of("localhost", "127.0.0.1", "::1");
    private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);
    private static final String KEY = ".key";
    private static final String CERTIFICATE = ".crt";
    private static final int MAX_DAYS = 3650;

    @Parameters(paramLabel = "DIR", description = "Folder for the files, made with mode 0700 where it is absent.")
    private Path folder;

    @Option(
            names = "--host",
            paramLabel = "NAME",
            description = "Host name or address by which servers are reached; may be repeated. localhost, 127.0.0.1"
                    + " and ::1 are always among them.")
    private List<String> hosts = new ArrayList<>();

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "730",
            description =
                    "How long the two certificates are valid, 1 to 3650. Default ${DEFAULT-VALUE}; the authority: 3650.")
    private int days;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Set<String> names = new LinkedHashSet<>(hosts);
        names.addAll(EVERY_HOST);
        for (String name : names) {
            if (!CertificateAuthority.isHost(name)) {
                throw new UsageException("--host is neither a host name nor an address: " + name);
            }
        }
        if (days < 1 || days > MAX_DAYS) {
            throw new UsageException("--days out of range: " + days + ", allowed is 1 to " + MAX_DAYS);
        }
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        boolean authorityIsThere = isThere("ca");
        boolean serverIsThere = isThere("server");
        boolean clientIsThere = isThere("client");
        if (!authorityIsThere && (serverIsThere || clientIsThere)) {
            throw new IOException("there are certificates, but not the authority to make others by: "
                    + folder.resolve("ca.key") + "; give an empty folder");
        }
        if (serverIsThere && clientIsThere) {
            throw new IOException(
                    "nothing to make, all files are there: " + folder + "; move a pair away to have it made anew");
        }
        CertificateAuthority authority = authorityIsThere
                ? CertificateAuthority.load(folder.resolve("ca.key"), folder.resolve("ca.crt"))
                : CertificateAuthority.create("global-sessions authority", AUTHORITY_VALIDITY);
        List<String> made = new ArrayList<>();
        if (!authorityIsThere) {
            write("ca", authority.own(), made);
        }
        Duration validity = Duration.ofDays(days);
        if (!serverIsThere) {
            write("server", authority.issueServer("global-sessions server", List.copyOf(names), validity), made);
        }
        if (!clientIsThere) {
            write("client", authority.issueClient("global-sessions client", validity), made);
        }
        report(names, made);
        return GlobalSessions.DONE;
    }

    private void report(Set<String> names, List<String> made) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("folder", folder.toAbsolutePath().normalize().toString());
        values.put("made", made);
        values.put("hosts", List.copyOf(names));
        values.put("days", days);
        Report.print(values, json, spec.commandLine().getOut());
    }

    /** Whether a pair is there; half a pair is refused, as the other half would not belong to it. */
    private boolean isThere(String name) throws IOException {
        boolean key = Files.exists(folder.resolve(name + KEY));
        boolean certificate = Files.exists(folder.resolve(name + CERTIFICATE));
        if (key != certificate) {
            throw new IOException("only one file of a pair is there, and nothing is overwritten: "
                    + folder.resolve(name + (key ? KEY : CERTIFICATE)) + "; move it away");
        }
        return key;
    }

    private void write(String name, Issued issued, List<String> made) throws IOException {
        write(name + KEY, issued.keyPem(), "rw-------", made);
        write(name + CERTIFICATE, issued.certificatePem(), "rw-r--r--", made);
    }

    private void write(String name, String text, String mode, List<String> made) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(
                folder.resolve(name),
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
        made.add(name);
    }
}
