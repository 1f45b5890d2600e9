package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.sibling.MemberList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code members}: what it prints of a list, and what it refuses. With running nodes see {@link ReliefTierTest}. */
class MembersCommandTest {
    private static final String ID = "00112233445566778899aabbccddeeff";

    @TempDir
    private Path folder;

    private Path relay() throws Exception {
        return Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true
                auth_path : "auths"
                address : "localhost"
                port : 1
                path_types { auths { cache { token_path : "./relay", segment_dir : ".", el_count : 160 } } }
                """);
    }

    private Path reliefNode() throws Exception {
        return Files.writeString(folder.resolve("node.conf"), """
                full_edge : true
                message_relay { auth_path : "auths", address : "localhost", port : 1, age_or_replica : "age-out" }
                lru { cache { token_path : "./node", segment_dir : ".", el_count : 160 } }
                """);
    }

    private static Path write(Path config, String lines) throws Exception {
        String body = "global-sessions members 3\n" + lines;
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        Path list = MemberList.fileOf(NodeConfig.load(config).cache().segmentFile());
        Files.createDirectories(list.getParent());
        return Files.writeString(list, body + String.format("end %08x\n", (int) crc.getValue()));
    }

    @Test
    void shouldPrintTheListWhenTheConfigurationIsARelays() throws Exception {
        Path config = relay();
        assertThat(CommandRun.of("members", config).out()).contains("0 nodes");
        write(config, "member aging " + ID + " 250 away 7000 m1\nring aging 1 1\n");

        CommandRun text = CommandRun.of("members", config);
        assertThat(text.exit()).as(text.err()).isZero();
        assertThat(text.out())
                .contains(ID + "  aging  away since 1970-01-01T00:00:07Z  weight 2.5  on m1")
                .contains("1 nodes; sessions are looked for by 1 rings");
        JsonNode json = new ObjectMapper()
                .readTree(CommandRun.of("members", config, "--json").out());
        assertThat(json.get("rings").asInt()).isEqualTo(1);
        assertThat(json.get("members").get(0).get("id").asText()).isEqualTo(ID);
        assertThat(json.get("members").get(0).get("state").asText()).isEqualTo("away");
    }

    @Test
    void shouldNameTheFileWhenTheListIsDamaged() throws Exception {
        Path config = relay();
        Path list = write(config, "member aging " + ID + " 250 asleep 7000\n");
        CommandRun run = CommandRun.of("members", config);
        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err()).contains("the list of members is damaged: " + list + ", line 2");
    }

    @Test
    void shouldSayWhatIsWrongWhenItCannotAsk() throws Exception {
        CommandRun list = CommandRun.of("members", relay(), "--drain", ID);
        assertThat(list.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(list.err()).contains("--drain: takes the configuration of a relief node");
        CommandRun id = CommandRun.of("members", reliefNode(), "--forget", "all");
        assertThat(id.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(id.err()).contains("--forget: is no node: expected 32 hexadecimal digits");
        CommandRun both = CommandRun.of("members", reliefNode(), "--forget", ID, "--drain", ID);
        assertThat(both.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        CommandRun away = CommandRun.of("members", reliefNode());
        assertThat(away.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(away.err()).contains("sibling localhost:1 is away: cannot connect");
    }
}
