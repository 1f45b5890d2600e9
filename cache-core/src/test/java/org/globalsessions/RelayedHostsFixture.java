package org.globalsessions;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** For tests of hosts that have one relay: a new relay before each, which ends with its hosts after it. */
abstract class RelayedHostsFixture {
    static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    Path folder;

    RelayedHosts hosts;
    MemoryRelay relay;

    @BeforeEach
    final void startRelay() throws IOException {
        hosts = new RelayedHosts(folder);
        relay = hosts.relay();
    }

    @AfterEach
    final void endHostsAndRelay() {
        hosts.close();
    }

    final SessionCacheManager host(String name) throws IOException {
        return hosts.open(name);
    }
}
