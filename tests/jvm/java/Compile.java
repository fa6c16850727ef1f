import java.nio.file.Files;
import java.nio.file.Path;
import org.jetbrains.kotlin.cli.common.ExitCode;
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler;

/** Several compilations in one JVM, because the first one costs more than all the others: a file of arguments each. */
class Compile {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            String[] arguments = Files.readAllLines(Path.of(file)).toArray(String[]::new);
            ExitCode code = new K2JVMCompiler().exec(System.err, arguments);
            if (code != ExitCode.OK) {
                System.err.println(file + ": " + code);
                System.exit(1);
            }
        }
    }
}
