package org.globalsessions.transport.tls;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.function.Function;
import org.globalsessions.config.NodeConfig;

/**
 * Which files protect one listener, or the connections to one peer: own key and certificate, and what the other side is trusted
 * by. Immutable, any thread. Has no text form, as it may hold a password.
 */
public final class TlsSettings {
    /** Which implementation of TLS is used. */
    public enum Implementation {
        /** Bouncy Castle's, with AES from the JDK where that has it. */
        BCJSSE,
        /** The JDK's own. */
        JDK,
        /** Bouncy Castle's, on its FIPS module, which comes with none of our archives. */
        BCFIPS
    }

    private final boolean listening;
    private final Implementation implementation;
    private final Path key;
    private final Path certificate;
    private final Path trusted;
    private final String keyPassword;
    private final Path keyPasswordFile;

    private TlsSettings(boolean listening, boolean mutual, Function<String, String> values) {
        this.listening = listening;
        String provider = values.apply("provider");
        this.implementation = provider == null
                ? Implementation.BCJSSE
                : Implementation.valueOf(provider.toUpperCase(java.util.Locale.ROOT));
        this.key = needed(values, keyName());
        this.certificate = needed(values, certificateName());
        this.trusted = mutual ? needed(values, trustedName()) : null;
        this.keyPassword = values.apply("key_password");
        String passwordFile = values.apply("key_password_file");
        this.keyPasswordFile = passwordFile == null ? null : Path.of(passwordFile);
    }

    /**
     * The {@code tls} section of a node that listens.
     *
     * @param config the node's configuration
     * @return the settings, or null where it has no such section
     * @throws TlsException if a file that is needed is not named
     */
    public static TlsSettings ofListener(NodeConfig config) {
        return config.has("tls")
                ? new TlsSettings(true, true, name -> config.has("tls." + name) ? config.text("tls." + name) : null)
                : null;
    }

    /**
     * The {@code tls} section of a listener.
     *
     * @param tls the section itself
     * @return the settings
     * @throws TlsException if a file that is needed is not named
     */
    public static TlsSettings ofListener(Config tls) {
        return new TlsSettings(true, true, in(tls));
    }

    /**
     * The {@code tls} section of a connection to a relay or sibling.
     *
     * @param tls the section itself
     * @return the settings
     * @throws TlsException if a file that is needed is not named
     */
    public static TlsSettings ofConnector(Config tls) {
        return new TlsSettings(false, true, in(tls));
    }

    /**
     * The {@code tls} section of a gateway: its clients are browsers, which show no certificates.
     *
     * @param tls the section itself
     * @return the settings
     * @throws TlsException if a file that is needed is not named
     */
    public static TlsSettings ofGateway(Config tls) {
        return new TlsSettings(true, false, in(tls));
    }

    private static Function<String, String> in(Config tls) {
        return name -> tls.hasPath(name) ? tls.getString(name) : null;
    }

    private static Path needed(Function<String, String> values, String name) {
        String value = values.apply(name);
        if (value == null) {
            throw new TlsException(
                    "tls." + name + " is missing: both sides show certificates, but for browsers, so each has a"
                            + " key and a certificate of its own and knows what to trust the other by");
        }
        return Path.of(value);
    }

    boolean isListening() {
        return listening;
    }

    Implementation implementation() {
        return implementation;
    }

    Path key() {
        return key;
    }

    Path certificate() {
        return certificate;
    }

    /** Null where the other side shows no certificate. */
    Path trusted() {
        return trusted;
    }

    String keyName() {
        return listening ? "server_key" : "client_key";
    }

    String certificateName() {
        return listening ? "server_cert" : "client_cert";
    }

    String trustedName() {
        return listening ? "client_cert" : "server_cert";
    }

    String keyPassword() {
        return keyPassword;
    }

    Path keyPasswordFile() {
        return keyPasswordFile;
    }
}
