package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.relief.extension.ReliefCommand;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.ReliefExtensions;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CalledFrame.Outcome;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An application's extension sees what it should, and whatever it does the node goes on. */
class ExtensionTest {
    private static final ReconnectPolicy AT_ONCE = new ReconnectPolicy(Duration.ofMillis(5), Duration.ofMillis(20), 0);

    @TempDir
    private Path folder;

    private final PlayedExtension extension = new PlayedExtension();
    private SharedLru digests;
    private SiblingStub sibling;
    private ReliefNode node;

    @BeforeEach
    void start() throws IOException {
        digests = SharedLru.open(
                new SegmentSettings(folder.resolve("digests")).elCount(10).pathName("test"));
        sibling = new SiblingStub(0);
        node = ReliefNode.launch(context(extension));
        await().until(() -> sibling.hellos().size() == 1);
    }

    @AfterEach
    void close() {
        extension.released.countDown();
        node.close();
        sibling.close();
        digests.close();
    }

    private KeyDigest digest(String key) {
        return Entries.digest(digests, key);
    }

    private ReliefContext context(ReliefExtension value) {
        return new ReliefContext(new SegmentSettings(folder.resolve("relief.segment"))
                        .elCount(200)
                        .pathName("test"))
                .pathName("test")
                .aging(true)
                .extension(value)
                .sibling("localhost", sibling.port(), AT_ONCE);
    }

    private CalledFrame call(String name, String... arguments) {
        Frame answer = sibling.ask(id -> new CommandFrame(id, new KeyDigest(0, 0), name, List.of(arguments)));
        return (CalledFrame) answer;
    }

    private void store(String key, long clock) {
        assertThat(sibling.ask(id -> new SessionBackupFrame(id, entry(key, clock))))
                .isInstanceOf(SessionReceivedFrame.class);
    }

    private void delete(String key, long clock) {
        sibling.ask(id -> new DeleteFrame(id, Acknowledgement.RELIEF, digest(key), new Version(clock, 1)));
    }

    @Test
    void shouldTellWhatComesAndGoesWhenItIsDeletedMovedOrReplaced() {
        store("a", 10);
        store("a", 8);
        delete("a", 20);
        delete("a", 22);
        delete("never there", 20);
        store("b", 10);
        sibling.ask(id -> new MovedFrame(
                id,
                List.of(InventoryItem.entry(
                        digest("b"), entry("b", 10).version(), entry("b", 10).life()))));
        store("c", 10);
        sibling.ask(id -> new VoidFrame(id, List.of(new VoidFrame.Voided(digest("c"), new Version(12, 1)))));
        await().until(() -> extension.told.size() == 6);
        assertThat(extension.told.stream().map(line -> line.replaceAll(" \\d+$", "")))
                .containsExactly("stored a", "DELETED a", "stored b", "MOVED b", "stored c", "REPLACED c");
    }

    @Test
    void shouldTellWhatHasExpiredAndWhatHadToGoForSpace() {
        SessionEntry brief = new SessionEntry(key("brief"), new byte[1], new Version(10, 1), 10, false, 0, 0, 1);
        sibling.ask(id -> new SessionBackupFrame(id, brief));
        await().until(() -> extension.told.contains("EXPIRED brief"));
        int stored = 400;
        for (int i = 0; i < stored; i++) {
            store("key " + i, 10);
        }
        long evicted = node.counters().get(Counter.EVICTIONS);
        assertThat(evicted).isPositive();
        await().until(() -> told("EVICTED key ") == evicted);
        assertThat(told("stored key ")).isEqualTo(stored);
        assertThat(told("EXPIRED ")).isEqualTo(1);
    }

    private long told(String beginning) {
        return extension.told.stream()
                .filter(line -> line.startsWith(beginning))
                .count();
    }

    @Test
    void shouldGoOnWhenItFailsOrHangsOnWhatItIsTold() {
        store("throw", 10);
        store("a", 10);
        await().until(() -> extension.told.size() == 1);
        assertThat(node.counters().get(Counter.LISTENER_FAILURES)).isEqualTo(1);
        extension.told.clear();
        try (ExtensionEvents events = new ExtensionEvents(digests, extension)) {
            events.stored(entry("hang", 10));
            await().until(() -> extension.hanging.getCount() == 0);
            for (int i = 0; i < ExtensionEvents.CAPACITY + 10; i++) {
                events.stored(entry("key " + i, 10));
            }
            assertThat(digests.counters().get(Counter.NOTIFICATIONS_DROPPED)).isEqualTo(10);
            extension.released.countDown();
            await().until(() -> extension.told.size() == ExtensionEvents.CAPACITY + 1);
        }
    }

    @Test
    void shouldDropWhatItIsToldWhenMoreBytesWaitThanMay() {
        try (ExtensionEvents events = new ExtensionEvents(digests, extension)) {
            events.stored(entry("hang", 10));
            await().until(() -> extension.hanging.getCount() == 0);
            byte[] half = new byte[(int) (ExtensionEvents.MAX_BYTES / 2)];
            for (int i = 0; i < 3; i++) {
                events.stored(new SessionEntry(key("big"), half, new Version(1, 1), 1, false, 0, 0, 0));
            }
            assertThat(digests.counters().get(Counter.NOTIFICATIONS_DROPPED)).isEqualTo(2);
        }
    }

    @Test
    void shouldAnswerCommandsWhenTheyEndWell() {
        assertThat(call("").lines()).containsExactly("echo", "hang", "long", "many", "nothing", "overflow", "throw");
        CalledFrame answer = call("echo", "one", "", "tw\u00f6");
        assertThat(answer.outcome()).isEqualTo(Outcome.DONE);
        assertThat(answer.lines()).containsExactly("one", "", "tw\u00f6");
        assertThat(node.counters().get(Counter.COMMANDS_FAILED)).isZero();
    }

    @Test
    void shouldSayWhatIsWrongAndGoOnWhenACommandFails() throws IOException {
        Map<String, Outcome> expected = Map.of(
                "none", Outcome.UNKNOWN_COMMAND,
                "throw", Outcome.FAILED,
                "overflow", Outcome.FAILED,
                "nothing", Outcome.FAILED,
                "many", Outcome.TOO_LONG,
                "long", Outcome.TOO_LONG);
        expected.forEach((name, outcome) -> {
            CalledFrame answer = call(name, "secret");
            assertThat(answer.outcome()).as(name).isEqualTo(outcome);
            assertThat(answer.lines()).isEmpty();
        });
        assertThat(node.counters().get(Counter.COMMANDS_FAILED)).isEqualTo(5);
        assertThat(call("echo", "here").lines()).containsExactly("here");
        node.close();
        assertThat(new String(
                        Files.readAllBytes(folder.resolve("relief.segment")),
                        java.nio.charset.StandardCharsets.ISO_8859_1))
                .contains("an extension's command failed")
                .doesNotContain("secret");
    }

    @Test
    void shouldBeLateWhenACommandHangs() {
        long begunNs = System.nanoTime();
        CalledFrame late = call("hang");
        assertThat(late.outcome()).isEqualTo(Outcome.LATE);
        assertThat(Duration.ofNanos(System.nanoTime() - begunNs))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(20));
        store("a", 10);
        assertThat(((SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key("a")))).status())
                .isEqualTo(SessionKnownFrame.Status.FOUND);
        extension.released.countDown();
        await().until(() -> call("echo", "again").lines().equals(List.of("again")));
    }

    @Test
    void shouldBeBusyWhenTooManyCommandsWait() {
        List<CalledFrame> answers = new CopyOnWriteArrayList<>();
        try (EventLoops loops = EventLoops.start("test", 1);
                ExtensionCommands commands = new ExtensionCommands(digests, loops, extension.commands())) {
            loops.execute(() -> {
                for (int i = 0; i < ExtensionCommands.WAITING + 2; i++) {
                    commands.run(new CommandFrame(i + 1, new KeyDigest(0, 0), "hang", List.of()), answers::add);
                }
            });
            await().until(() -> answers.size() == ExtensionCommands.WAITING + 2);
        }
        assertThat(answers.get(0)).isEqualTo(new CalledFrame(ExtensionCommands.WAITING + 2, Outcome.BUSY));
        assertThat(answers.subList(1, answers.size()))
                .extracting(CalledFrame::outcome)
                .containsOnly(Outcome.LATE);
    }

    @Test
    void shouldCloseTheExtensionWithTheNode() {
        node.close();
        assertThat(extension.closed.getCount()).isZero();
    }

    @Test
    void shouldRefuseToStartWhenACommandHasANameThatNobodyCanGive() {
        ReliefExtension odd = new ReliefExtension() {
            @Override
            public String name() {
                return "odd";
            }

            @Override
            public Map<String, ReliefCommand> commands() {
                return Map.of("Odd one", arguments -> arguments);
            }
        };
        node.close();
        assertThatThrownBy(() -> ReliefNode.launch(context(odd)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name of an extension's command out of range");
    }

    @Test
    void shouldFindTheExtensionThatTheFileNamesAndNameThoseThereAre() throws IOException {
        assertThat(ReliefExtensions.of(config("played"))).isInstanceOf(PlayedExtension.class);
        Path file = folder.resolve("node.conf");
        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> ReliefContext.from(config("plaid")));
        assertThat(refused.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.toString())
                        .startsWith(
                                file
                                        + ":2: extension: no extension of that name on the class path: found plaid, there are played")
                        .contains("cannot be used: ", "NoSuchExtension"));
    }

    private NodeConfig config(String name) throws IOException {
        Path file = Files.writeString(folder.resolve("node.conf"), """
                full_edge : true
                extension : "%s"
                message_relay { auth_path : "test", address : "localhost", port : 1, age_or_replica : "age-out" }
                lru { cache { token_path : "./node", segment_dir : ".", el_count : 160 } }
                """.formatted(name));
        return NodeConfig.load(file);
    }
}
