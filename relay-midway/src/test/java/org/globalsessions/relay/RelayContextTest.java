package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aeron.driver.ThreadingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RelayContextTest {
    @TempDir
    Path folder;

    private RelayContext valid() {
        return new RelayContext().authPath("auths").port(0).segment(new SegmentSettings(folder.resolve("segment")));
    }

    private static void assertRefused(RelayContext context, String what) {
        assertThatThrownBy(context::conclude)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(what)
                .hasMessageContaining("limit=");
    }

    @Test
    void shouldNameTheSettingWhenItIsOutOfRange() {
        assertRefused(valid().authPath(""), "auth_path=");
        assertRefused(valid().authPath(null), "auth_path=null");
        assertRefused(valid().address(""), "address=");
        assertRefused(valid().port(65_536), "port=65536, limit=0 to 65535");
        assertRefused(new RelayContext().authPath("auths").port(0), "segment=null");
        assertRefused(valid().siblingCommand(List.of("cat")).siblingExternal(true), "proc_name=[cat]");
        assertRefused(valid().driverThreading(ThreadingMode.INVOKER), "driverThreading=INVOKER");
        assertRefused(valid().spillLimit(1000), "spill_limit=1000, limit=0, or 65536 to 1073741824");
        assertRefused(valid().unpublishedWait(Duration.ofMinutes(2)), "unpublished_wait=PT2M");
        assertRefused(valid().maxConnections(0), "max_connections=0, limit=1 to 1000000");
        assertRefused(valid().maxConnections(1_000_001), "max_connections=1000001, limit=1 to 1000000");
    }

    @Test
    void shouldOpenNothingWhenConcluded() {
        RelayContext context = valid().siblingCommand(List.of("cat")).conclude();
        assertThat(context.hasSibling()).isTrue();
        assertThat(folder.toFile().list()).isEmpty();
    }

    @Test
    void shouldRefuseWhenConcludedTwice() {
        RelayContext context = valid().conclude();
        assertThatThrownBy(context::conclude)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("concluded once");
    }

    @Test
    void shouldTakeWhatTheFileSaysWhenMadeFromIt() throws Exception {
        Path file = folder.resolve("relay.conf");
        Files.writeString(file, """
                edge_supported_relay : true
                auth_path : "auths"
                address : "localhost"
                port : 7878
                spill_limit : 1MiB
                announce : "off"
                max_connections : 300
                path_types { auths {
                  relay { proc_name : ["global-sessions", "./sibling.conf"] }
                  cache { token_path : "./relay", segment_dir : "%s", el_count : 500 }
                } }
                """.formatted(folder));
        RelayContext context = RelayContext.from(NodeConfig.load(file)).conclude();
        assertThat(context.authPath()).isEqualTo("auths");
        assertThat(context.port()).isEqualTo(7878);
        assertThat(context.spillLimit()).isEqualTo(1 << 20);
        assertThat(context.maxConnections()).isEqualTo(300);
        assertThat(context.announce()).isEqualTo(RelayContext.Announce.OFF);
        assertThat(context.siblingCommand()).startsWith("global-sessions").hasSize(2);
        assertThat(context.siblingCommand().get(1))
                .isEqualTo(folder.resolve("sibling.conf").toString());
        assertThat(context.hasSibling()).isTrue();
        assertThat(context.unpublishedWait()).isEqualTo(Duration.ofMillis(50));
    }
}
