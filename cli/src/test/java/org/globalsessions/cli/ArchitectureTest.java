package org.globalsessions.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.dependOnClassesThat;
import static com.tngtech.archunit.lang.conditions.ArchConditions.never;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Holds the classes of all modules against the arrows between them. It stands in this module because this one sees the
 * others. The arrows between artifacts are the enforcer's; here it is packages and signatures.
 */
class ArchitectureTest {
    private static final String ROOT = "org.globalsessions";

    /** Module folder and the package that it owns; {@code cache-core} owns the root and all that no other module owns. */
    private static final Map<String, String> PACKAGE_BY_MODULE = Map.of(
            "transport", ROOT + ".transport",
            "relay-midway", ROOT + ".relay",
            "sibling-endpoint", ROOT + ".sibling",
            "pressure-relief", ROOT + ".relief",
            "cli", ROOT + ".cli");

    private static JavaClasses product;

    @BeforeAll
    static void importProduct() {
        product = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                // What the modules are simulated with, once it is packaged.
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages(ROOT);
    }

    @Test
    void shouldSeeEveryModule() {
        Set<String> modules = new TreeSet<>();
        product.forEach(javaClass -> modules.add(moduleOf(javaClass.getPackageName())));
        assertThat(modules)
                .containsExactly(
                        "cache-core", "cli", "pressure-relief", "relay-midway", "sibling-endpoint", "transport");
    }

    @ParameterizedTest
    @CsvSource({
        "cache-core,       'transport,relay-midway,sibling-endpoint,pressure-relief,cli'",
        "transport,        'relay-midway,sibling-endpoint,pressure-relief,cli'",
        "relay-midway,     'sibling-endpoint,pressure-relief,cli'",
        "sibling-endpoint, 'relay-midway,pressure-relief,cli'",
        "pressure-relief,  'relay-midway,sibling-endpoint,cli'",
        "cli,              ''"
    })
    void shouldDependOnlyAlongTheArrows(String module, String modulesBeyondReach) {
        List<String> beyondReach = new ArrayList<>(List.of(ROOT + ".benchmarks.."));
        for (String other : modulesBeyondReach.split(",", -1)) {
            if (!other.isEmpty()) {
                beyondReach.add(PACKAGE_BY_MODULE.get(other) + "..");
            }
        }
        classes()
                .that(ownedBy(module))
                .should(never(dependOnClassesThat(resideInAnyPackage(beyondReach.toArray(new String[0])))))
                .check(product);
    }

    @Test
    void shouldNotSplitAPackageOverTwoModules() {
        Map<String, Set<String>> locationsByPackage = new TreeMap<>();
        for (JavaClass javaClass : product) {
            locationsByPackage
                    .computeIfAbsent(javaClass.getPackageName(), name -> new TreeSet<>())
                    .add(locationOf(javaClass));
        }
        assertThat(locationsByPackage)
                .allSatisfy((name, locations) -> assertThat(locations).as(name).hasSize(1));
    }

    @Test
    void shouldKeepTheNetworkLibraryOutOfTransportsSignatures() {
        List<String> leaks = new ArrayList<>();
        for (JavaClass javaClass : product.that(resideInAPackage(ROOT + ".transport"))) {
            if (isVisible(javaClass.getModifiers())) {
                Stream.concat(javaClass.getSuperclass().stream(), javaClass.getInterfaces().stream())
                        .filter(ArchitectureTest::involvesNetty)
                        .forEach(type -> leaks.add(javaClass.getName() + " is a " + type.getName()));
                javaClass.getMembers().stream()
                        .filter(member -> isVisible(member.getModifiers()))
                        .filter(member -> typesOf(member).anyMatch(ArchitectureTest::involvesNetty))
                        .forEach(member -> leaks.add(member.getFullName()));
            }
        }
        assertThat(leaks).isEmpty();
    }

    @Test
    void shouldNamePackagesAfterPartsOfTheSystem() {
        noClasses()
                .should()
                .resideInAnyPackage("..util..", "..utils..", "..common..", "..impl..", "..manager..")
                .check(product);
    }

    private static DescribedPredicate<JavaClass> ownedBy(String module) {
        if (module.equals("cache-core")) {
            String[] owned =
                    PACKAGE_BY_MODULE.values().stream().map(name -> name + "..").toArray(String[]::new);
            return not(resideInAnyPackage(owned));
        }
        return resideInAPackage(PACKAGE_BY_MODULE.get(module) + "..");
    }

    private static String moduleOf(String packageName) {
        return PACKAGE_BY_MODULE.entrySet().stream()
                .filter(entry -> (packageName + ".").startsWith(entry.getValue() + "."))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("cache-core");
    }

    /** The folder or archive that the class was read from. */
    private static String locationOf(JavaClass javaClass) {
        String uri = javaClass.getSource().orElseThrow().getUri().toString();
        return uri.substring(0, uri.length() - (javaClass.getName().length() + ".class".length()));
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static boolean involvesNetty(JavaType type) {
        return type.getAllInvolvedRawTypes().stream()
                .anyMatch(rawType -> rawType.getPackageName().startsWith("io.netty"));
    }

    private static Stream<JavaType> typesOf(JavaMember member) {
        if (member instanceof JavaField field) {
            return Stream.of(field.getType());
        }
        JavaCodeUnit codeUnit = (JavaCodeUnit) member;
        return Stream.of(
                        Stream.of(codeUnit.getReturnType()),
                        codeUnit.getParameterTypes().stream(),
                        codeUnit.getExceptionTypes().stream())
                .flatMap(types -> types);
    }
}
