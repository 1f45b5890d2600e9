package org.globalsessions.transport.client;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/**
 * Where the relay is and how patient to be with it.
 *
 * @param path           name of the path
 * @param secret         shared secret by which the relay gives rights on the path, empty for none
 * @param relay          where it is
 * @param requestTimeout how long a question or change waits for its answer, 1 ms or more
 * @param window         most changes, and apart from them most questions, sent and not answered; 1 or more
 * @param windowBytes    most bytes of changes sent and not answered; a single larger one passes where nothing else is open
 * @param reconnect      pauses between attempts to connect
 * @param link           limits and time-outs of the connection
 * @param security       what protects the connection
 */
public record RelayLinkSettings(
        String path,
        String secret,
        PeerAddress relay,
        Duration requestTimeout,
        int window,
        int windowBytes,
        ReconnectPolicy reconnect,
        LinkSettings link,
        PipelineSecurity security) {
    /** Default of {@code window}. */
    public static final int DEFAULT_WINDOW = 1024;

    /** Default of {@code windowBytes}. */
    public static final int DEFAULT_WINDOW_BYTES = 8 << 20;

    private static final Duration LONGEST_RECONNECT_WAIT = Duration.ofSeconds(5);

    /**
     * Checks the ranges.
     *
     * @param path           see above
     * @param secret         see above
     * @param relay          see above
     * @param requestTimeout see above
     * @param window         see above
     * @param windowBytes    see above
     * @param reconnect      see above
     * @param link           see above
     * @param security       see above
     */
    public RelayLinkSettings {
        if (requestTimeout.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "request_timeout too short: request_timeout=" + requestTimeout + ", limit=1ms");
        }
        if (window < 1 || windowBytes < 1) {
            throw new IllegalArgumentException(
                    "window too small: window=" + window + ", windowBytes=" + windowBytes + ", limit=1");
        }
    }

    /**
     * Reads the relay section of a client's configuration.
     *
     * @param section validated section
     * @return the settings
     * @throws org.globalsessions.transport.tls.TlsException if its keys, certificates or secret cannot be used
     */
    public static RelayLinkSettings from(Config section) {
        Duration wait = section.hasPath("reconnect_wait")
                ? Duration.ofMillis(Math.max(1, section.getDuration("reconnect_wait", TimeUnit.MILLISECONDS)))
                : ReconnectPolicy.DEFAULT.firstWait();
        Duration longest = wait.compareTo(LONGEST_RECONNECT_WAIT) > 0 ? wait : LONGEST_RECONNECT_WAIT;
        int maxReconnect = section.hasPath("max_reconnect") ? section.getInt("max_reconnect") : -1;
        return new RelayLinkSettings(
                section.getString("auth_path"),
                AccessRules.secretOf(section),
                PeerAddress.from(section),
                section.hasPath("request_timeout") ? section.getDuration("request_timeout") : Duration.ofSeconds(2),
                section.hasPath("window") ? section.getInt("window") : DEFAULT_WINDOW,
                DEFAULT_WINDOW_BYTES,
                new ReconnectPolicy(wait, longest, maxReconnect < 0 ? 0 : Math.max(1, maxReconnect)),
                LinkSettings.DEFAULTS,
                PipelineSecurity.forConnector(section));
    }

    /** Without the secret, which must not get into a log or message. */
    @Override
    public String toString() {
        return "RelayLinkSettings[path=" + path + ", relay=" + relay + "]";
    }
}
