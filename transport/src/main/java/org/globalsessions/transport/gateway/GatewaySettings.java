package org.globalsessions.transport.gateway;

import com.typesafe.config.Config;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.globalsessions.client.ClientAddress;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.Schema;
import org.globalsessions.transport.tls.TlsSettings;

/** How a gateway listens, and what it allows clients. To be filled by one thread before the gateway is opened with it. */
public final class GatewaySettings {
    /** Largest message that may be allowed. */
    public static final int LARGEST_MESSAGE = Schema.MAX_CLIENT_MESSAGE;

    private static final int HIGHEST_PORT = 65_535;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private String address = "localhost";
    private int port;
    private TlsSettings tls;
    private Set<String> origins = Set.of();
    private String role = "user";
    private Duration acceptTimeout = Duration.ofSeconds(10);
    private Duration clientTimeout = Duration.ofMinutes(1);
    private Duration timeoutCheck = Duration.ofSeconds(10);
    private Duration sessionTimeout = Duration.ofMinutes(30);
    private Duration pollTimeout = Duration.ofSeconds(25);
    private int maxMessageSize = 64 * 1024;
    private int maxClients = 20_000;
    private int maxClientsPerUser;
    private int maxPendingSize = 256 * 1024;
    private int maxMessageRate = 100;
    private int maxRequests = 64;
    private int callbackThreads = 256;

    /**
     * The {@code gateway} section of a client's configuration.
     *
     * @param config the configuration, which has one
     * @return its settings
     * @throws org.globalsessions.config.ConfigurationException where role or origins cannot be such
     */
    public static GatewaySettings from(NodeConfig config) {
        Config section = config.gateway();
        GatewaySettings settings = new GatewaySettings()
                .listen(section.getString("address"), section.getInt("port"))
                .tls(section.hasPath("tls") ? TlsSettings.ofGateway(section.getConfig("tls")) : null)
                .acceptTimeout(section.getDuration("accept_timeout"))
                .clientTimeout(section.getDuration("client_timeout"))
                .timeoutCheck(section.getDuration("timeout_check"))
                .sessionTimeout(section.getDuration("session_timeout"))
                .pollTimeout(section.getDuration("poll_timeout"))
                .maxMessageSize(section.getInt("max_message_size"))
                .maxClients(section.getInt("max_clients"))
                .maxClientsPerUser(section.getInt("max_clients_per_user"))
                .maxPendingSize(section.getInt("max_pending_size"))
                .maxMessageRate(section.getInt("max_message_rate"))
                .maxRequests(section.getInt("max_requests"))
                .callbackThreads(section.getInt("callback_threads"));
        try {
            settings.role(section.getString("role"));
        } catch (IllegalArgumentException e) {
            throw config.refusal("gateway.role", e.getMessage());
        }
        try {
            return section.hasPath("origins")
                    ? settings.origins(Set.copyOf(section.getStringList("origins")))
                    : settings;
        } catch (IllegalArgumentException e) {
            throw config.refusal("gateway.origins", e.getMessage());
        }
    }

    /**
     * Where to listen.
     *
     * @param host   host name or address of this machine
     * @param number TCP port, 0 for a free one
     * @return this
     */
    public GatewaySettings listen(String host, int number) {
        address = Objects.requireNonNull(host, "host");
        port = checkRange("port", number, 0, HIGHEST_PORT);
        return this;
    }

    /**
     * Key and certificate that browsers see; without them the gateway speaks plain HTTP.
     *
     * @param value from {@link TlsSettings#ofGateway}
     * @return this
     */
    public GatewaySettings tls(TlsSettings value) {
        tls = value;
        return this;
    }

    /**
     * Sites besides the gateway's own whose pages may connect. A request that names another origin than these, and than the host that it is sent to, is
     * refused; one that names none comes from no page and is let in.
     *
     * @param values such as {@code https://shop.example}, as browsers name them: in lower case, without a path, without the port that the scheme has anyway
     * @return this
     * @throws IllegalArgumentException where one is no origin, which no page would ever have
     */
    public GatewaySettings origins(Set<String> values) {
        for (String value : values) {
            if (!isOrigin(value)) {
                throw new IllegalArgumentException("no origin: found " + value
                        + ", allowed is http or https, host and port alone, such as" + " https://shop.example");
            }
        }
        origins = Set.copyOf(values);
        return this;
    }

    /** As browsers write it, so that texts can be compared. */
    private static boolean isOrigin(String text) {
        try {
            URI uri = new URI(text);
            int port = uri.getPort();
            boolean isWeb = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            boolean isUsual = port == ("https".equals(uri.getScheme()) ? HTTPS_PORT : HTTP_PORT);
            String written = uri.getScheme() + "://" + uri.getHost() + (port < 0 ? "" : ":" + port);
            return isWeb
                    && uri.getHost() != null
                    && !isUsual
                    && port != 0
                    && port <= HIGHEST_PORT
                    && text.equals(written)
                    && text.equals(text.toLowerCase(Locale.ROOT));
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /**
     * The role that this gateway's clients have.
     *
     * @param value 1 or more of letters, digits, {@code _} and {@code -}
     * @return this
     */
    public GatewaySettings role(String value) {
        role = ClientAddress.checkRole(value);
        return this;
    }

    /**
     * How long an application may take to let a client in; also how long a client may take to ask for it.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public GatewaySettings acceptTimeout(Duration value) {
        acceptTimeout = checkTime("accept_timeout", value);
        return this;
    }

    /**
     * How long a client may be silent, until it is destroyed.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public GatewaySettings clientTimeout(Duration value) {
        clientTimeout = checkTime("client_timeout", value);
        return this;
    }

    /**
     * How often silent clients are looked for.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public GatewaySettings timeoutCheck(Duration value) {
        timeoutCheck = checkTime("timeout_check", value);
        return this;
    }

    /**
     * How long a client may ask for nothing, until it is unbound. Pings do not count.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public GatewaySettings sessionTimeout(Duration value) {
        sessionTimeout = checkTime("session_timeout", value);
        return this;
    }

    /**
     * How long a poll waits for a message, but never longer than half of the client's time-out.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public GatewaySettings pollTimeout(Duration value) {
        pollTimeout = checkTime("poll_timeout", value);
        return this;
    }

    /**
     * Largest message of a client.
     *
     * @param bytes 256 to {@value #LARGEST_MESSAGE}
     * @return this
     */
    public GatewaySettings maxMessageSize(int bytes) {
        maxMessageSize = checkRange("max_message_size", bytes, 256, LARGEST_MESSAGE);
        return this;
    }

    /**
     * Most clients at a time; as many connections again may be open for those who come and go.
     *
     * @param count 1 to 1,000,000
     * @return this
     */
    public GatewaySettings maxClients(int count) {
        maxClients = checkRange("max_clients", count, 1, 1_000_000);
        return this;
    }

    /**
     * Most clients of a user at a time, wherever they are connected. Where the relays know all clients there are never more; of several that come at the same moment, all
     * may be sent away. Without a relay each new client takes a look through the segment then.
     *
     * @param count 0 to 1,000,000; 0, the default, for no limit
     * @return this
     */
    public GatewaySettings maxClientsPerUser(int count) {
        maxClientsPerUser = checkRange("max_clients_per_user", count, 0, 1_000_000);
        return this;
    }

    /**
     * Most that waits for a client which does not read, or is not connected for a moment. Further messages are dropped and counted.
     *
     * @param bytes 1,024 to 64 MiB
     * @return this
     */
    public GatewaySettings maxPendingSize(int bytes) {
        maxPendingSize = checkRange("max_pending_size", bytes, 1024, 1 << 26);
        return this;
    }

    /**
     * Most messages of a client in a second. What comes faster is read later, and counted.
     *
     * @param count 1 to 1,000,000
     * @return this
     */
    public GatewaySettings maxMessageRate(int count) {
        maxMessageRate = checkRange("max_message_rate", count, 1, 1_000_000);
        return this;
    }

    /**
     * Most requests of a client that wait for the application. Further ones are refused.
     *
     * @param count 1 to 10,000
     * @return this
     */
    public GatewaySettings maxRequests(int count) {
        maxRequests = checkRange("max_requests", count, 1, 10_000);
        return this;
    }

    /**
     * Most threads that wait in the application's callbacks at a time.
     *
     * @param count 1 to 10,000
     * @return this
     */
    public GatewaySettings callbackThreads(int count) {
        callbackThreads = checkRange("callback_threads", count, 1, 10_000);
        return this;
    }

    private static int checkRange(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " is out of range: " + value + ", allowed=" + min + ".." + max);
        }
        return value;
    }

    private static Duration checkTime(String name, Duration value) {
        if (value.compareTo(Duration.ofMillis(1)) < 0 || value.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(name + " is out of range: " + value + ", allowed=1ms..1d");
        }
        return value;
    }

    String address() {
        return address;
    }

    int port() {
        return port;
    }

    TlsSettings tls() {
        return tls;
    }

    Set<String> origins() {
        return origins;
    }

    String role() {
        return role;
    }

    Duration acceptTimeout() {
        return acceptTimeout;
    }

    Duration clientTimeout() {
        return clientTimeout;
    }

    Duration timeoutCheck() {
        return timeoutCheck;
    }

    Duration sessionTimeout() {
        return sessionTimeout;
    }

    Duration pollTimeout() {
        return pollTimeout;
    }

    int maxMessageSize() {
        return maxMessageSize;
    }

    int maxClients() {
        return maxClients;
    }

    int maxClientsPerUser() {
        return maxClientsPerUser;
    }

    int maxPendingSize() {
        return maxPendingSize;
    }

    int maxMessageRate() {
        return maxMessageRate;
    }

    int maxRequests() {
        return maxRequests;
    }

    int callbackThreads() {
        return callbackThreads;
    }
}
