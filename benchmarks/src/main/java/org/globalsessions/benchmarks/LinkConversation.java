package org.globalsessions.benchmarks;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierHost;
import org.globalsessions.tier.TierListener;
import org.globalsessions.transport.client.RelayLink;
import org.globalsessions.transport.client.RelayLinkSettings;

/** A host that asks the relay through the link that applications have, and never its own segment. */
final class LinkConversation implements Conversation {
    private static final long CONNECT_LIMIT_S = 20;

    private final SharedLru lru;
    private final RelayLink link;
    private final CountDownLatch connected = new CountDownLatch(1);
    private final AtomicLong clock = new AtomicLong((System.currentTimeMillis() * 1000) << Version.LOGICAL_BITS);
    private volatile long epoch;
    private volatile long position;

    LinkConversation(Endpoint endpoint, Path folder) throws IOException {
        // What gives a host its identity, and the digests of its keys.
        lru = SharedLru.open(
                new SegmentSettings(folder.resolve("host")).elCount(1_000).pathName(NodeServer.PATH_NAME));
        SegmentFile file = lru.file();
        TierHost host =
                new TierHost(file.identityHigh(), file.identityLow(), file.origin(), file.slot(), file.incarnation());
        link = new RelayLink(RelayLinkSettings.from(section(endpoint)), host);
        link.start(new Listener());
        try {
            if (!connected.await(CONNECT_LIMIT_S, TimeUnit.SECONDS)) {
                throw new IOException("no connection to the relay within " + CONNECT_LIMIT_S + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** The relay's section of a client's configuration. */
    static Config section(Endpoint endpoint) {
        Map<String, Object> values = switch (endpoint.transport()) {
            case TCP -> Map.of("address", Endpoint.HOST, "port", endpoint.port());
            case UNIX -> Map.of("unix_socket", endpoint.socket().toString());
            case TLS ->
                Map.of(
                        "address",
                        Endpoint.HOST,
                        "port",
                        endpoint.port(),
                        "tls",
                        Map.of(
                                "client_key", file(endpoint, KeyFiles.CLIENT_KEY),
                                "client_cert", file(endpoint, KeyFiles.CLIENT_CERTIFICATE),
                                "server_cert", file(endpoint, KeyFiles.AUTHORITY)));
        };
        return ConfigFactory.parseMap(values)
                .withFallback(ConfigFactory.parseMap(Map.of("auth_path", NodeServer.PATH_NAME)));
    }

    private static String file(Endpoint endpoint, String name) {
        return endpoint.keys().resolve(name).toString();
    }

    @Override
    public void get(int entry) throws Exception {
        getLater(entry).get();
    }

    @Override
    public void set(int entry) throws Exception {
        setLater(entry).get();
    }

    @Override
    public CompletableFuture<Void> getLater(int entry) {
        EncodedKey key = lru.encode(Workload.keyOf(entry));
        return link.ask(key.copy(), key.digest())
                .thenAccept(answer -> Workload.expect(
                        entry, answer.entry() == null ? null : answer.entry().value()));
    }

    @Override
    public CompletableFuture<Void> setLater(int entry) {
        String name = Workload.keyOf(entry);
        KeyDigest digest = lru.encode(name).digest();
        Version version = new Version(clock.incrementAndGet(), lru.file().origin());
        SessionEntry session = new SessionEntry(
                name.getBytes(StandardCharsets.UTF_8),
                Workload.valueOf(entry),
                version,
                version.clock(),
                true,
                0,
                0,
                0);
        return link.publish(session, digest, epoch, position, Version.NONE, Acknowledgement.RELAY)
                .thenAccept(receipt -> {
                    // Of two sets of one key in flight, one may find the other there, and is acknowledged so.
                    if (receipt.outcome() == Receipt.Outcome.BEATEN_BY_TOMBSTONE) {
                        throw new IllegalStateException("the relay did not store: " + receipt.outcome());
                    }
                });
    }

    @Override
    public void close() {
        link.close();
        lru.close();
    }

    /** Hears when the link stands; announcements do not concern a host that keeps nothing. */
    private final class Listener implements TierListener {
        @Override
        public void onMustConfirm() {}

        @Override
        public void onConnected(long newEpoch, long newPosition, Duration maxStale, Duration age, long clockMicros) {
            epoch = newEpoch;
            position = newPosition;
            connected.countDown();
        }

        @Override
        public int onOriginRefused(int origin) {
            return origin + 1;
        }

        @Override
        public void onDisconnected() {}

        @Override
        public void onAnnounced(SessionEntry entry, long itsEpoch, long itsPosition) {}

        @Override
        public void onInvalidated(KeyDigest digest, Version version, long itsEpoch, long itsPosition) {}

        @Override
        public void onDeleted(KeyDigest digest, Version tombstone, long itsEpoch, long itsPosition) {}
    }
}
