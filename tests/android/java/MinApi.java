import java.io.File;
import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.codehaus.mojo.animal_sniffer.ClassListBuilder;
import org.codehaus.mojo.animal_sniffer.SignatureChecker;
import org.codehaus.mojo.animal_sniffer.logging.Logger;

/**
 * Prints every reference in class files to something that the oldest Android of an app does not have.
 *
 * <pre>java MinApi.java SIGNATURES JAR_OR_FOLDER...</pre>
 *
 * Methods and classes that say so themselves (@RequiresApi) are left out: their callers have to look at the level first.
 */
public final class MinApi {
    private static final class Lines implements Logger {
        private final Set<String> found = new TreeSet<>();

        @Override
        public void error(String message) {
            found.add(message);
        }

        @Override
        public void error(String message, Throwable cause) {
            found.add(message);
        }

        @Override
        public void info(String message) {}

        @Override
        public void info(String message, Throwable cause) {}

        @Override
        public void debug(String message) {}

        @Override
        public void debug(String message, Throwable cause) {}

        @Override
        public void warn(String message) {}

        @Override
        public void warn(String message, Throwable cause) {}
    }

    public static void main(String[] arguments) throws Exception {
        Lines lines = new Lines();
        ClassListBuilder own = new ClassListBuilder(lines);
        List<File> files = new ArrayList<>();
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            File file = new File(argument);
            files.add(file);
            own.process(file);
        }
        try (FileInputStream signatures = new FileInputStream(arguments[0])) {
            SignatureChecker checker = new SignatureChecker(signatures, own.getPackages(), lines);
            checker.setSourcePath(List.of());
            checker.setAnnotationTypes(List.of("androidx.annotation.RequiresApi"));
            for (File file : files) checker.process(file);
        }
        lines.found.forEach(System.out::println);
    }
}
