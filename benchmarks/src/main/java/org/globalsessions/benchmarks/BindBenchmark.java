package org.globalsessions.benchmarks;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.GatewayClients;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** How many remote clients does a process bind in a second, each to another address than before? At least 700,000, also after many logouts. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class BindBenchmark {
    private static final int AUTHORISATION_LENGTH = 64;
    private static final int ADDRESSES = 1_021;
    private static final int RECORD_SIZE = 256;

    /** How many clients there are. */
    @Param({"100000", "1000000"})
    public int clients;

    /** How many of them were bound and unbound before. */
    @Param({"0", "100000"})
    public int unbinds;

    private final byte[] authorisation = new byte[AUTHORISATION_LENGTH];
    private final String[] addresses = new String[ADDRESSES];
    private BenchmarkFolder folder;
    private SessionCacheManager cache;
    private ClientDirectory directory;
    private String[] identifiers;
    private int next;
    private int nextAddress;

    /**
     * Lets the clients in.
     *
     * @throws IOException where there is no room for them
     */
    @Setup(Level.Trial)
    public void accept() throws IOException {
        folder = new BenchmarkFolder();
        cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.path().resolve("token").toString(),
                "lru.cache.segment_dir",
                folder.path().toString(),
                "lru.cache.record_size",
                RECORD_SIZE,
                "lru.cache.overflow_share",
                0,
                "lru.cache.max_value_size",
                RECORD_SIZE,
                "lru.cache.el_count",
                clients)));
        directory = new ClientDirectory(cache, "user");
        GatewayClients gateway = new GatewayClients(directory, Duration.ofMinutes(1));
        identifiers = new String[clients];
        for (int i = 0; i < clients; i++) {
            identifiers[i] = gateway.accept("user-" + i).join().identifier();
        }
        for (int i = 0; i < ADDRESSES; i++) {
            addresses[i] = "user.number-" + i;
        }
        for (int i = 0; i < unbinds; i++) {
            bind();
            directory.unbind(identifiers[next]);
        }
    }

    /** Lets them go. */
    @TearDown(Level.Trial)
    public void close() {
        cache.close();
        folder.close();
    }

    /**
     * Binds a client anew.
     *
     * @return true, as it is there
     */
    @Benchmark
    public boolean bind() {
        next = next + 1 == clients ? 0 : next + 1;
        // A prime number of them: each time around every client gets another one, as binding again to the same one
        // changes nothing.
        nextAddress = nextAddress + 1 == ADDRESSES ? 0 : nextAddress + 1;
        return directory.bind(identifiers[next], addresses[nextAddress], authorisation);
    }
}
