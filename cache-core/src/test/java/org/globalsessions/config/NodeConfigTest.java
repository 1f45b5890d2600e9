package org.globalsessions.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.queue.QueueSettings;
import org.globalsessions.segment.EvictionSettings;
import org.globalsessions.segment.EvictionSettings.Timetable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeConfigTest {
    private static final String RELAY = """
            edge_supported_relay : true
            auth_path : "auths"
            port : 7878
            path_types.auths {
                relay.proc_name : [ "global-sessions", "./sibling.conf" ]
                cache { token_path : "./relay.token", el_count : 1000, sessions_length : 1500 }
            }
            """;

    @TempDir
    private Path folder;

    @Test
    void shouldFillInDefaultsAndUnitsWhenARelayIsRead() throws IOException {
        NodeConfig config = NodeConfig.load(write("relay.conf", RELAY));

        assertThat(config.kind()).isEqualTo(NodeKind.RELAY);
        assertThat(config.authPath()).isEqualTo("auths");
        assertThat(config.address()).isEqualTo("localhost");
        assertThat(config.port()).isEqualTo(7878);
        assertThat(config.number("spill_limit")).isEqualTo(64L << 20);
        assertThat(config.paths().get(0).siblingCommand())
                .containsExactly(
                        "global-sessions", folder.resolve("sibling.conf").toString());
        assertThat(config.cache().elCount()).isEqualTo(1000);
        assertThat(config.cache().recordSize()).isEqualTo(384);
        assertThat(config.cache().sessionsLength()).isEqualTo(Duration.ofMillis(1500));
        assertThat(config.cache().attachTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.cache().initializer()).isTrue();
        assertThat(config.missing()).isEmpty();
    }

    @Test
    void shouldNameAllFilesThatAreReadWhenOneIncludesOthers() throws IOException {
        Path nested = write("nested.conf", "port : 1001");
        Path plain = write("plain.conf", "include \"nested\", port : 1002");
        Path byFile = write("by-file.conf", "port : 1003");
        Path byUrl = write("by-url.conf", "port : 1004");
        Path empty = write("empty.conf", "");
        Path file = write("relay.conf", """
                include "plain.conf"
                include file("%s")
                include url("%s")
                include "empty.conf"
                include "not-there.conf"
                include classpath("not-there-either.conf")
                """.formatted(byFile, byUrl.toUri()) + RELAY);

        NodeConfig config = NodeConfig.load(file);

        assertThat(config.port()).isEqualTo(7878);
        assertThat(config.file()).isEqualTo(file);
        assertThat(config.files()).containsExactly(file, plain, nested, byFile, byUrl, empty);
    }

    @Test
    void shouldReportEveryProblemAtOnceWithFileLineAndKey() throws IOException {
        Path file = write("relay.conf", """
                edge_supported_relay : true
                auth_path : "auths"
                port : 99999
                path_types.auths.cache {
                    el_cuont : 1000
                    record_size : "big"
                    untouched_aging : 9
                }
                """);

        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file));

        assertThat(refused.problems().stream().map(ConfigurationProblem::toString))
                .containsExactlyInAnyOrder(
                        file + ":3: port: out of range: found 99999, allowed is 1 to 65535",
                        file + ":5: path_types.auths.cache.el_cuont: unknown key, nearest known key is el_count",
                        file + ":6: path_types.auths.cache.record_size: wrong type: found \"big\", expected size"
                                + " (a bare number counts bytes), allowed is 128 to 64KiB",
                        file + ":7: path_types.auths.cache.untouched_aging: out of range: found 9, allowed is 1 to 4");
    }

    @ParameterizedTest
    @CsvSource({
        "cache.token_path, 5, 'wrong type: found 5, expected path'",
        "cache.am_initializer, maybe, 'wrong type: found \"maybe\", expected true or false'",
        "cache.el_count, 1.5, 'wrong type: found 1.5, expected whole number (a bare number counts sessions), allowed is 1 to"
                + " 16000000'",
        "cache.el_count, 0, 'out of range: found 0 (a bare number counts sessions), allowed is 1 to 16000000'",
        "cache.el_count, 99999999999999999999, 'out of range: found \"99999999999999999999\" (a bare number counts sessions),"
                + " allowed is 1 to 16000000'",
        "cache.idle_timeout, -1, 'out of range: found -1 (a bare number counts ms), allowed is 0 to 192d'",
        "cache.idle_timeout, 9 parsecs, 'wrong type: found \"9 parsecs\", expected duration (a bare number counts ms), allowed"
                + " is 0 to 192d'",
        "cache.idle_timeout, 1000d, 'out of range: found \"1000d\" (a bare number counts ms), allowed is 0 to 192d'",
        "cache.record_size, 1MiB, 'out of range: found \"1MiB\" (a bare number counts bytes), allowed is 128 to 64KiB'",
        "cache, 5, 'wrong type: found 5, expected section'",
        "auth_path, '{}', 'wrong type: found {}, expected text'",
        "replicas, 0, 'out of range: found 0, allowed is 1 to 8'",
        "announce, full, 'has no meaning in the file of a sibling, it belongs to: relay'",
        "cacje, 1, 'unknown key, nearest known key is cache'",
    })
    void shouldSayWhatIsWrongWhenAValueIsNotAllowed(String key, String value, String text) throws IOException {
        String content =
                "half_edge : true, auth_path : auths, port : 1, cache.token_path : t\n" + key + " : " + value + "\n";
        Path file = write("sibling.conf", content);

        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file));

        assertThat(refused.problems()).contains(new ConfigurationProblem(file.toString(), 2, key, text));
    }

    @Test
    void shouldReadAGatewayAsAClientThatIsOne() throws IOException {
        Path file = write("gateway.conf", """
                gateway { application : "shop", port : 8443, client_timeout : 90s }
                message_relay { auth_path : "auths", port : 7878, secret : "s" }
                lru.cache.el_count : 1000
                """);

        assertThat(NodeConfig.looksLikeClient(file)).isTrue();
        for (NodeConfig config : new NodeConfig[] {NodeConfig.load(file), NodeConfig.loadClient(file)}) {
            assertThat(config.kind()).isEqualTo(NodeKind.CLIENT);
            assertThat(config.gateway().getString("application")).isEqualTo("shop");
            assertThat(config.gateway().getDuration("client_timeout")).isEqualTo(Duration.ofSeconds(90));
            assertThat(config.gateway().getDuration("session_timeout")).isEqualTo(Duration.ofMinutes(30));
            assertThat(config.gateway().getInt("max_message_size")).isEqualTo(64 << 10);
            assertThat(config.gateway().hasPath("tls")).isFalse();
        }
        assertThat(NodeConfig.loadClient(write("client.conf", "lru.cache.el_count : 1000"))
                        .gateway())
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "'gateway { port : 1 }', 'gateway.application: is missing: it lets clients in and answers them'",
        "'gateway { application : a }', 'gateway.port: is missing'",
        "'gateway { application : a, port : 1, tls { server_key : k } }', 'gateway.tls.server_cert: is missing: browsers know the gateway by its certificate'",
        "'gateway { application : a, port : 1, tls { client_cert : c } }', 'gateway.tls.client_cert: unknown key'",
        "'gateway { application : a, port : 1, max_message_size : 2MiB }', 'gateway.max_message_size: out of range'",
        "'gateway {}, full_edge : true, message_relay { auth_path : a, port : 1 }',"
                + " 'gateway: has no meaning in the file of a expansion node, it belongs to: client'",
        "'gateway : 5', 'gateway: wrong type: found 5, expected section'",
    })
    void shouldSayWhatIsWrongWithAGateway(String content, String text) throws IOException {
        Path file = write("gateway.conf", content);

        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file));

        assertThat(refused.problems().stream().map(problem -> problem.key() + ": " + problem.text()))
                .anyMatch(problem -> problem.startsWith(text));
    }

    @Test
    void shouldRefuseWhenTheNumbersTogetherMakeAnOverflowAreaThatCannotBe() throws IOException {
        Path file = write(
                "client.conf",
                "lru.cache { el_count : 16000000, record_size : 64KiB,\noverflow_share : 0.9, max_value_size : 64KiB }\n");

        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(file));

        assertThat(refused)
                .hasMessageContaining(file + ":2: lru.cache.overflow_share: pages of the overflow area")
                .hasMessageContaining("; make el_count, record_size or overflow_share smaller");
    }

    @Test
    void shouldRefuseWhenBracketsAreNestedDeeperThanTheStack() throws IOException {
        for (String bracket : new String[] {"[", "{a:"}) {
            Path file = write("deep.conf", "auth_path : " + bracket.repeat(200_000));

            ConfigurationException refused =
                    catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file));

            assertThat(refused).hasMessage(file + ": sections or lists are nested too deeply");
        }
    }

    @Test
    void shouldKnowTheKindWhenTheFileSaysIt() throws IOException {
        String relief = "lru.cache.seed : 1, message_relay { auth_path : a, port : 1";

        assertThat(NodeConfig.load(write("a.conf", relief + ", age_or_replica : \"age-out\" }"))
                        .kind())
                .isEqualTo(NodeKind.RELIEF_AGING);
        assertThat(NodeConfig.load(write("b.conf", relief + ", age_or_replica : replicating }"))
                        .kind())
                .isEqualTo(NodeKind.RELIEF_EXPANSION);
        assertThat(NodeConfig.load(write("c.conf", relief + " }")).kind()).isEqualTo(NodeKind.RELIEF_EXPANSION);
        assertThat(NodeConfig.loadClient(write("d.conf", relief + " }")).kind()).isEqualTo(NodeKind.CLIENT);
    }

    @Test
    void shouldTakeAnySectionAsARelaysInAClientsFileWhenItNamesPathAddressAndPort() throws IOException {
        Path file = write("client.conf", """
                { "lru" : { "cache" : { "seed" : 7 } },
                  "my_messages" : { "auth_path" : "auths", "address" : "localhost", "port" : 7878 } }
                """);

        NodeConfig config = NodeConfig.loadClient(file);

        assertThat(NodeConfig.looksLikeClient(file)).isTrue();
        assertThat(config.authPath()).isEqualTo("auths");
        assertThat(config.relaySections()).hasSize(1);
        assertThat(config.relaySections().get(0).getInt("port")).isEqualTo(7878);
        assertThat(config.relaySections().get(0).getDuration("request_timeout")).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.cache().seed()).isEqualTo(7);
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file))
                        .problems()
                        .get(0)
                        .key())
                .isEqualTo("my_messages");
    }

    @Test
    void shouldNeedNoFileWhenAnApplicationBringsItsConfiguration() {
        NodeConfig config = NodeConfig.loadClient(
                ConfigFactory.parseString("lru.cache { token_path : \"/tmp/x/t\", segment_dir : \"" + folder + "\" }"));

        assertThat(config.relaySections()).isEmpty();
        assertThat(config.authPath()).isEmpty();
        assertThat(config.cache().segmentFile().toString())
                .startsWith(folder + "/global-sessions-")
                .endsWith(".segment");
    }

    @Test
    void shouldNameOneSegmentWhenTwoFilesSpellOneTokenPathDifferently() throws IOException {
        Files.createDirectories(folder.resolve("sub"));
        Path relay = write("relay.conf", RELAY);
        Path sibling = write(
                "sub/sibling.conf",
                "half_edge : true, auth_path : auths, port : 1, cache.token_path : \"../relay.token\"");

        assertThat(NodeConfig.load(sibling).cache().segmentFile())
                .isEqualTo(NodeConfig.load(relay).cache().segmentFile());
        assertThat(NodeConfig.load(sibling).cache().initializer()).isFalse();
    }

    @Test
    void shouldSayWhatIsWithoutEffectWhenAFileAsksForIt() throws IOException {
        Path file = write("relay.conf", """
                path_types.auths.relay.peers : [ "north" ]
                edge_supported_relay : true, auth_path : auths, port : 1
                """);

        NodeConfig config = NodeConfig.load(file);

        assertThat(config.missing()).isEmpty();
        assertThat(config.settings().stream().filter(setting -> setting.path().endsWith("relay.peers")))
                .singleElement()
                .satisfies(setting -> {
                    assertThat(setting.note()).contains("no effect yet");
                    assertThat(setting.origin()).isEqualTo(file + ":1");
                });
    }

    @Test
    void shouldRefuseTheNameOfAMachineWhenItHasBlanks() throws IOException {
        Path file = write("relief.conf", """
                host_id : "rack 7"
                message_relay { auth_path : a, port : 1 }
                """);

        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file));

        assertThat(refused.problems())
                .containsExactly(new ConfigurationProblem(
                        file.toString(), 1, "host_id", "out of range, allowed is 1 to 64 characters from ! to ~"));
    }

    @Test
    void shouldReadHowQueuesBehave() throws IOException {
        QueueSettings settings = QueueSettings.from(NodeConfig.loadClient(write("client.conf", """
                queues { max_messages : 7, max_message_bytes : 20KiB, max_sessions : 3, backchannel_timeout : 2s
                         queue_idle : 1h, acknowledgement : relief }
                message_relay { auth_path : a, port : 1 }
                """)));

        assertThat(settings)
                .usingRecursiveComparison()
                .isEqualTo(QueueSettings.DEFAULTS
                        .maxMessages(7)
                        .maxBytes(20 << 10)
                        .maxSessions(3)
                        .backchannelTimeout(Duration.ofSeconds(2))
                        .queueIdle(Duration.ofHours(1))
                        .acknowledgement(Acknowledgement.RELIEF));
        assertThat(QueueSettings.from(NodeConfig.loadClient(write("default.conf", ""))))
                .usingRecursiveComparison()
                .isEqualTo(QueueSettings.DEFAULTS);
        Path wrong = write("wrong.conf", "queues { queue_idle : banana, backchannel_timeout : 2h }");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(wrong))
                        .problems())
                .extracting(ConfigurationProblem::key)
                .containsExactlyInAnyOrder("queues.queue_idle", "queues.backchannel_timeout");
        Path large = write("large.conf", "queues { max_message_bytes : 64KiB }");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(large)))
                .hasMessageContaining("is not below lru.cache.max_value_size, which is 65536");
        Path relayless = write("relayless.conf", "queues { acknowledgement : relay }");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(relayless)))
                .hasMessageContaining("needs a relay");
        Path late = write("late.conf", "queues { backchannel_timeout : 2m, queue_idle : 1m }");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(late)))
                .hasMessageContaining("queues.queue_idle")
                .hasMessageContaining("is below backchannel_timeout");
    }

    @Test
    void shouldRefuseAPrivateSegmentThatOthersAreToFind() throws IOException {
        String relay = "message_relay { auth_path : a, port : 1 }\n";
        Path node = write("relief.conf", relay + "lru { private_segment : true }");
        Path attaching = write("attaching.conf", relay + "lru { private_segment : true, manage_section : false }");
        Path named = write("named.conf", relay + "lru { private_segment : true, cache { token_path : x } }");
        Path right = write("right.conf", relay + "lru { private_segment : true }");
        Path alone = write("alone.conf", "lru { private_segment : true }");
        Path gateway =
                write("gateway.conf", relay + "lru { private_segment : true }, gateway { application : x, port : 1 }");

        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(alone)))
                .hasMessageContaining("nothing would outlive the process");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(gateway)))
                .hasMessageContaining("is not for a gateway");

        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(node)))
                .hasMessageContaining("lru.private_segment")
                .hasMessageContaining("client");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(attaching)))
                .hasMessageContaining("am_initializer and manage_section have to be true");
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(named)))
                .hasMessageContaining("without token_path");
        assertThat(NodeConfig.loadClient(right).cache().isPrivate()).isTrue();
        assertThat(NodeConfig.loadClient(write("shared.conf", relay)).cache().isPrivate())
                .isFalse();
    }

    @Test
    void shouldRefuseAQuotaThatTheSegmentHasNoPlacesFor() throws IOException {
        Path file = write("relief.conf", """
                relief_quota : 101
                lru { cache { el_count : 100 } }
                message_relay { auth_path : a, port : 1 }
                """);
        Path byDefault = write("default.conf", """
                relief_quota : 20001
                message_relay { auth_path : a, port : 1 }
                """);

        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file))
                        .problems())
                .containsExactly(new ConfigurationProblem(
                        file.toString(),
                        1,
                        "relief_quota",
                        "out of range, allowed is 1 to lru.cache.el_count, which is 100"));
        assertThat(catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(byDefault))
                        .problems())
                .hasSize(1);
        assertThat(NodeConfig.load(write("kept.conf", """
                        relief_quota : 100
                        lru { cache { el_count : 100 } }
                        message_relay { auth_path : a, port : 1 }
                        """)).number("relief_quota"))
                .isEqualTo(100);
    }

    @Test
    void shouldTakeUnixSocketInPlaceOfPortAndWithoutTls() throws IOException {
        NodeConfig config =
                NodeConfig.load(write("relief.conf", "message_relay { auth_path : a, unix_socket : run/s.sock }"));

        assertThat(config.relaySections().get(0).getString("unix_socket")).isEqualTo(folder + "/run/s.sock");
        assertThat(
                        problems(
                                write(
                                        "both.conf",
                                        "message_relay { auth_path : a, unix_socket : s, tls { client_key : k, client_cert : c, server_cert : s } }")))
                .singleElement()
                .asString()
                .contains("unix_socket: a Unix socket has no TLS");
        assertThat(problems(write(
                        "long.conf", "message_relay { auth_path : a, unix_socket : \"/" + "s".repeat(106) + "\" }")))
                .singleElement()
                .asString()
                .contains("unix_socket: path too long: bytes=107 from the root on, limit=106");
    }

    @Test
    void shouldNameWhatIsMissingWhenTlsHasNotAllFiles() throws IOException {
        Path file = write("relief.conf", """
                message_relay { auth_path : a, port : 1, tls { client_key : k.pem, key_password : p, key_password_file : f } }
                """);

        assertThat(problems(file))
                .hasSize(3)
                .anySatisfy(problem -> assertThat(problem).contains("tls.client_cert: is missing"))
                .anySatisfy(problem -> assertThat(problem).contains("tls.server_cert: is missing"))
                .anySatisfy(problem -> assertThat(problem).contains("give the password in one place"));
    }

    @Test
    void shouldReadEveryPathWithItsOwnSettingsWhenARelayHasSeveral() throws IOException {
        NodeConfig config = NodeConfig.load(write("relay.conf", """
                edge_supported_relay : true
                auth_path : shop
                port : 7
                announce : invalidate
                spill_limit : 1MiB
                path_types {
                  "a.forum" { relay.sibling : external, announce : off, spill_limit : 0, rights.secret : s, rights.may : read }
                  shop { relay.proc_name : [ run ], cache.el_count : 10 }
                  last { cache { token_path : t, el_count : 30 } }
                }
                """));
        assertThat(config.paths()).extracting(PathSection::name).containsExactly("shop", "a.forum", "last");
        assertThat(config.paths()).extracting(PathSection::announce).containsExactly("invalidate", "off", "invalidate");
        assertThat(config.paths()).extracting(PathSection::spillLimit).containsExactly(1L << 20, 0L, 1L << 20);
        assertThat(config.paths()).extracting(PathSection::isSiblingExternal).containsExactly(false, true, false);
        assertThat(config.paths())
                .extracting(path -> path.siblingCommand().size())
                .containsExactly(1, 0, 0);
        assertThat(config.paths())
                .extracting(path -> path.accessSections().size())
                .containsExactly(0, 1, 0);
        assertThat(config.paths())
                .extracting(path -> path.cache().segmentFile())
                .doesNotHaveDuplicates();
        assertThat(config.cache()).isSameAs(config.paths().get(0).cache());
        // The first path's segment is where it was before the file had others.
        Path alone = write("relay.conf", """
                edge_supported_relay : true, auth_path : shop, port : 7
                path_types.shop { relay.proc_name : [ run ], cache.el_count : 10 }
                """);
        assertThat(NodeConfig.load(alone).cache().segmentFile())
                .isEqualTo(config.cache().segmentFile());
    }

    @Test
    void shouldNameThePathWhenOneOfSeveralIsWrong() throws IOException {
        Path file = write("relay.conf", """
                edge_supported_relay : true, auth_path : a, port : 7
                path_types.a.cache.token_path : t
                path_types.b { cache.token_path : "./t", spill_limit : 1 }
                path_types.c.rights { may : read }
                """);
        assertThat(problems(file))
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem).contains("path_types.\"b\".spill_limit: out of range"))
                .anySatisfy(problem -> assertThat(problem).contains("path_types.c.rights: a rule asks for nothing"));
        Path shared = write("shared.conf", """
                edge_supported_relay : true, auth_path : a, port : 7
                path_types.a.cache.token_path : t
                path_types.b.cache.token_path : "./t"
                """);
        assertThat(problems(shared))
                .singleElement()
                .asString()
                .contains("names the segment of another path, a; each path needs its own");
        StringBuilder many = new StringBuilder("edge_supported_relay : true, auth_path : p0, port : 7\n");
        for (int i = 0; i < 65; i++) {
            many.append("path_types.p").append(i).append(".cache.el_count : 10\n");
        }
        assertThat(problems(write("many.conf", many.toString())))
                .singleElement()
                .asString()
                .contains("path_types: out of range: found 65 paths, allowed is 1 to 64");
    }

    private Path relayWithRights(String name, String listener, String rights) throws IOException {
        return write(name, """
                edge_supported_relay : true, auth_path : a, port : 7, %s
                path_types.a { rights : %s, cache.el_count : 10 }
                """.formatted(listener, rights));
    }

    @Test
    void shouldTakeOneRuleOrSeveralWhenAPathHasRights() throws IOException {
        NodeConfig one = NodeConfig.load(relayWithRights("one.conf", "", "{ secret_file : s, may : read }"));
        assertThat(one.paths().get(0).accessSections()).hasSize(1);
        assertThat(one.paths().get(0).accessSections().get(0).getString("secret_file"))
                .isEqualTo(folder + "/s");
        assertThat(one.paths().get(0).accessSections().get(0).getStringList("may"))
                .containsExactly("read");
        NodeConfig two = NodeConfig.load(relayWithRights(
                "two.conf",
                "unix_socket : run/s",
                "[ { user : www, may : [ publish, read ] }, { secret : planted, may : subscribe } ]"));
        assertThat(two.paths().get(0).accessSections()).hasSize(2);
        assertThat(two.settings().toString()).contains("rights[1].secret").doesNotContain("planted");
    }

    @Test
    void shouldSayWhatIsWrongWhenAnEscapeNamesNoCharacter() throws IOException {
        assertThat(problems(write("escape.conf", "auth_path : \"\\u-161\"")))
                .singleElement()
                .asString()
                .contains("escape.conf")
                .contains("not readable: Not a valid Unicode code point");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "proc_name : [ global-sessions, \"./sibling\\u0000.conf\" ]",
                "proc_name : [ global-sessions, \"sibling\\u0000conf\" ]",
                "proc_name : \"global\\u0000sessions\""
            })
    void shouldSayWhereItIsWhenATextHasTheCharacterWithTheCodeZero(String command) throws IOException {
        String text = "edge_supported_relay : true\npath_types.s { relay {\n" + command + " } }\n";

        assertThat(problems(write("zero.conf", text)))
                .contains(folder.resolve("zero.conf")
                        + ":3: path_types.s.relay.proc_name: must not have the character with the code 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e100000064KiB", "1.e+100000064 KiB", "1e100000064"})
    @Timeout(10)
    void shouldRefuseASizeWithoutWritingItOutWhenItsPowerOfTenIsHuge(String size) throws IOException {
        assertThat(problems(write("huge.conf", "lru.cache.record_size : \"" + size + "\"")))
                .anySatisfy(problem -> assertThat(problem)
                        .contains("lru.cache.record_size: out of range")
                        .contains("allowed is 128 to 64KiB"));
    }

    @Test
    void shouldRefuseANumberWhenItIsLongerThanAnyThatCouldCount() throws IOException {
        assertThat(problems(write("long.conf", "lru.cache.el_count : " + "9".repeat(100_000))))
                .anySatisfy(problem -> assertThat(problem).contains("lru.cache.el_count: wrong type"));
    }

    @Test
    void shouldTakeAListOfRelaysAndSectionsOfTheirOwnWhenItIsAClientsFile() throws IOException {
        NodeConfig config = NodeConfig.loadClient(write("list.conf", """
                message_relay : [
                  { auth_path : a, port : 7 }
                  { auth_path : a, address : far, port : 8, name : north }
                  { auth_path : a, unix_socket : /run/s.sock }
                ]
                fourth { auth_path : a, address : far, port : 9 }
                """));
        assertThat(config.missing()).isEmpty();
        assertThat(config.relaySections().stream().map(NodeConfig::relayName))
                .containsExactly("localhost:7", "north", "unix:/run/s.sock", "far:9");
    }

    @Test
    void shouldRefuseAListOfRelaysWhenTwoGoByOneNameOrThereAreTooMany() throws IOException {
        String relay = "{ auth_path : a, port : 7 }";
        assertThat(clientProblems(write("two.conf", "message_relay : [ " + relay + ", " + relay + " ]")))
                .singleElement()
                .asString()
                .contains("message_relay: two relays go by one name")
                .contains("localhost:7");
        String many = IntStream.rangeClosed(1, 9)
                .mapToObj(port -> "{ auth_path : a, port : " + port + " }")
                .collect(Collectors.joining(", "));
        assertThat(clientProblems(write("many.conf", "message_relay : [ " + many + " ]")))
                .singleElement()
                .asString()
                .contains("message_relay: too many relays: found 9, allowed is 1 to 8");
    }

    private static List<String> clientProblems(Path file) {
        return catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.loadClient(file)).problems().stream()
                .map(Object::toString)
                .toList();
    }

    static Stream<Arguments> rightsThatNobodyCouldMeet() {
        return Stream.of(
                Arguments.of("{ may : read }", "a rule asks for nothing"),
                Arguments.of("{ secret : s }", "a rule has no may"),
                Arguments.of("{ secret : s, may : [] }", "may: must not be empty"),
                Arguments.of(
                        "{ secret : s, may : [ reed ] }",
                        "may: out of range: found [\"reed\"], allowed is some of publish, read, subscribe, administer (nearest: read)"),
                Arguments.of("{ secret : s, secret_file : f, may : read }", "give the secret in one place"),
                Arguments.of("{ secret : " + "s".repeat(256) + ", may : read }", "secret too long: limit=255 bytes"),
                Arguments.of("{ user : www, may : read }", "there is no unix_socket"),
                Arguments.of("{ subject : \"CN=a\", may : read }", "there is no tls section"),
                Arguments.of("[ { secret : s, may : read }, { subject : shop, may : read } ]", "no distinguished name"),
                Arguments.of("{ secret : s, may : read, who : a }", "who: unknown key"));
    }

    @ParameterizedTest
    @MethodSource("rightsThatNobodyCouldMeet")
    void shouldRefuseRightsWhenNobodyCouldMeetThem(String rights, String what) throws IOException {
        assertThat(problems(relayWithRights("relay.conf", "", rights)))
                .anySatisfy(problem -> assertThat(problem).contains(what))
                .allSatisfy(problem -> assertThat(problem).contains("path_types.a.rights"));
    }

    @Test
    void shouldShowNoPasswordWhenAFileHasOne() throws IOException {
        String tls = "server_key : k, server_cert : c, client_cert : c, key_password : ";
        String sibling = "half_edge : true, auth_path : a, port : 7, cache.token_path : t, tls { ";
        NodeConfig config = NodeConfig.load(write("sibling.conf", sibling + tls + "planted }"));

        assertThat(config.text("tls.key_password")).isEqualTo("planted");
        assertThat(config.settings().toString()).contains("tls.key_password").doesNotContain("planted");
        assertThat(problems(write("wrong.conf", sibling + tls + "[planted] }")).toString())
                .contains("tls.key_password: wrong type: expected text")
                .doesNotContain("planted");
    }

    @Test
    void shouldMapEachEvictionKeyWhenAFileHasThem() throws IOException {
        Path file = write("relief.conf", """
                lru.cache {
                    aged_out_secs : 60, max_evictions : 7, immediate_evictions : true
                    evictions_timeout : true, sessions_length : 14800000
                    eviction_schedule { interval : 5000, time_shift : 200, max_evicts : 3 }
                }
                message_relay { auth_path : a, port : 1 }
                """);

        EvictionSettings evictions = NodeConfig.load(file).cache().evictions();

        assertThat(evictions)
                .isEqualTo(new EvictionSettings(
                        Duration.ofSeconds(60),
                        7,
                        true,
                        List.of(
                                new Timetable(Duration.ofMillis(14_800_000), Duration.ZERO, 7),
                                new Timetable(Duration.ofSeconds(5), Duration.ofMillis(200), 3))));
        assertThat(NodeConfig.load(file).settings().stream()
                        .filter(setting -> setting.path().matches(".*(evict|aged_out).*"))
                        .map(Setting::note))
                .hasSizeGreaterThanOrEqualTo(6)
                .containsOnly("");
    }

    @Test
    void shouldEvictNothingBeforeItsPlaceIsNeededWhenNoEvictionKeyIsGiven() throws IOException {
        Path file = write("client.conf", "lru.cache { sessions_length : 1000 }");
        assertThat(NodeConfig.loadClient(file).cache().evictions()).isEqualTo(EvictionSettings.NONE);
    }

    @Test
    void shouldRefuseWhenTheFileIsAbsentOrNoHocon() throws IOException {
        assertThat(problems(folder.resolve("none.conf"))).containsExactly(folder + "/none.conf: no such file");
        Path broken = write("broken.conf", "a : 1\nb : [1, 2\n");
        assertThat(problems(broken)).singleElement().asString().startsWith(broken + ":");
    }

    @Test
    void shouldRefuseWhenSomethingNeededIsAbsent() throws IOException {
        Path relay =
                write("r.conf", "edge_supported_relay : true\nport : 1\nauth_path : a\npath_types.b.cache.seed : 1\n");
        Path sibling = write("s.conf", "half_edge : true\n");
        Path two = write("t.conf", RELAY + "half_edge : true\n");

        assertThat(problems(relay))
                .anyMatch(text -> text.startsWith(relay + ":4: path_types: has no section for the path"));
        assertThat(problems(sibling))
                .anyMatch(text -> text.contains("auth_path: is missing"))
                .anyMatch(text -> text.contains("port: is missing"))
                .anyMatch(text -> text.contains("cache.token_path: is missing"));
        assertThat(problems(two)).anyMatch(text -> text.contains("has the roles edge_supported_relay and half_edge"));
    }

    @Test
    void shouldAcceptTheFilesOfTheEarlierSystem() throws IOException {
        Path shared = Path.of(System.getProperty("globalsessions.shared", "../../shared"), "succeeded-configs");
        assumeTrue(
                Files.isDirectory(shared), () -> "no folder " + shared + ": the earlier system's files are not tested");
        try (Stream<Path> files = Files.list(shared)) {
            List<Path> configs =
                    files.filter(file -> file.toString().endsWith(".conf")).collect(Collectors.toList());
            assertThat(configs).hasSize(8);
            for (Path file : configs) {
                NodeConfig config =
                        NodeConfig.looksLikeClient(file) ? NodeConfig.loadClient(file) : NodeConfig.load(file);
                assertThat(config.authPath()).isEqualTo("auths");
                assertThat(config.missing()).isEmpty();
            }
        }
    }

    private List<String> problems(Path file) {
        return catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.load(file)).problems().stream()
                .map(ConfigurationProblem::toString)
                .collect(Collectors.toList());
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }
}
