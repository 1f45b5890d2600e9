package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.ClientQuery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are looked for by address and user at relays: many at a time, and where one of two relays is away. */
class FindClientsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int EL_COUNT = 20_000;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final List<MidwayRelay> relays = new ArrayList<>();

    private void launch(String name) throws IOException {
        relays.add(opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .segment(new SegmentSettings(folder.resolve(name + ".segment")).elCount(EL_COUNT)))));
    }

    private SessionCacheManager host(String name) throws IOException {
        String all = IntStream.range(0, relays.size())
                .mapToObj(i ->
                        "{ auth_path : auths, name : relay-%d, address : localhost, port : %d, reconnect_wait : 50ms }"
                                .formatted(i, relays.get(i).port()))
                .collect(Collectors.joining("\n", "[", "]"));
        SessionCacheManager cache = opened.keep(SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay : %s
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d } }
                """.formatted(all, folder.resolve(name), folder, EL_COUNT))));
        // With each relay: what is asked for before is answered by nobody.
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            for (int i = 0; i < 20; i++) {
                cache.set("connected-" + i, new byte[1], TO_RELAY).join();
            }
            return true;
        });
        return cache;
    }

    /** More than one answer tells, and more than a link takes at a time. */
    @Test
    void shouldFindAndUnbindThousandsOfClientsOfAnAddressFromAHostThatHasNoneOfThem() throws Exception {
        int count = ClientQuery.MOST + 904;
        launch("relay");
        ClientDirectory directory = new ClientDirectory(host("a"));
        GatewayClients gateway = new GatewayClients(directory, Duration.ofMinutes(1));
        for (int i = 0; i < count; i++) {
            directory.bind(gateway.accept("ann").join().identifier(), "user.7", new byte[3]);
        }
        ClientDirectory stranger = new ClientDirectory(host("stranger"));
        await().atMost(PATIENCE).until(() -> stranger.countOf("ann") == count);

        assertThat(stranger.clientsOf("ann")).hasSize(count).doesNotHaveDuplicates();
        assertThat(stranger.unbindAddress("user.7")).isEqualTo(count);
        assertThat(stranger.unbindAddress("user.7")).isZero();
        assertThat(stranger.countOf("ann")).isEqualTo(count);
        assertThat(directory.countOf("nobody")).isZero();
    }

    @Test
    void shouldCountWhatNobodyGetsOnceWhicheverRelayKnowsTheClient() throws Exception {
        launch("one");
        launch("two");
        ClientDirectory directory = new ClientDirectory(host("a"));
        GatewayClients gateway = new GatewayClients(directory, Duration.ofMinutes(1));
        for (int i = 0; i < 20; i++) {
            directory.bind(gateway.accept("ann").join().identifier(), "user." + i, new byte[3]);
        }
        await().atMost(PATIENCE).until(() -> directory.countOf("ann") == 20);
        for (int i = 0; i < 20; i++) {
            directory.notify("user." + i, "news", "{}");
        }
        assertThat(directory.unreached()).isZero();
        for (int i = 20; i < 30; i++) {
            directory.notify("user." + i, "news", "{}");
        }
        assertThat(directory.unreached()).isEqualTo(10);
    }

    /** Whether somebody is bound to the address cannot be told then, but whoever is there gets the message. */
    @Test
    void shouldNotFailAMessageThatWasPassedOnWhereAnotherRelayIsAway() throws Exception {
        launch("one");
        launch("two");
        ClientDirectory directory = new ClientDirectory(host("a"));
        SharedLru digests = opened.keep(SharedLru.open(
                new SegmentSettings(folder.resolve("digests")).elCount(20).pathName("auths")));
        relays.get(1).close();
        await().atMost(PATIENCE).until(() -> isAway(() -> directory.countOf("ann")));
        RendezvousPlacement placement =
                new RendezvousPlacement(new long[] {RelayPlaces.id("relay-0"), RelayPlaces.id("relay-1")}, new long[2]);
        List<String> passedOn = new ArrayList<>();
        List<String> ofTheOther = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String address = "user." + i;
            boolean isOfTheOther = placement.owner(digests.encode(address).digestLow()) == 1;
            if (isAway(() -> directory.notify(address, "news", "{}"))) {
                assertThat(isOfTheOther).as(address).isTrue();
                ofTheOther.add(address);
            } else {
                assertThat(isOfTheOther).as(address).isFalse();
                passedOn.add(address);
            }
        }
        assertThat(passedOn).isNotEmpty();
        assertThat(ofTheOther).isNotEmpty();
    }

    private static boolean isAway(Runnable call) {
        try {
            call.run();
            return false;
        } catch (TierUnavailableException e) {
            return true;
        }
    }
}
