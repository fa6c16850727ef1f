import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.zip.GZIPInputStream;
import org.codehaus.mojo.animal_sniffer.Clazz;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Writes the table "since which Android" that Lint reads from an SDK (api-versions.xml).
 *
 * <pre>java ApiLevels.java OUT ANDROID_JAR NEWEST LEVEL=SIGNATURES... CLASS#METHOD=LEVEL...</pre>
 *
 * A member has the level of the first signatures that hold it, or the one that is given for it alone. What only the classes of the newest Android have gets
 * NEWEST, hidden members among them: to use one of those is as wrong as to use one that is too new.
 */
public final class ApiLevels {
    private static final class Api {
        int since;
        String parent;
        final TreeSet<String> interfaces = new TreeSet<>();
        final Map<String, Integer> methods = new TreeMap<>();
        final Map<String, Integer> fields = new TreeMap<>();
    }

    private final Map<String, Api> classes = new TreeMap<>();

    public static void main(String[] arguments) throws Exception {
        ApiLevels table = new ApiLevels();
        for (String argument : List.of(arguments).subList(3, arguments.length)) {
            String[] parts = argument.split("=", 2);
            if (parts[0].contains("#")) continue;
            table.addSignatures(Path.of(parts[1]), Integer.parseInt(parts[0]));
        }
        table.addClasses(Path.of(arguments[1]), Integer.parseInt(arguments[2]));
        for (String argument : arguments) {
            String[] parts = argument.split("[#=]");
            if (parts.length == 3) table.correct(parts[0], parts[1], Integer.parseInt(parts[2]));
        }
        try (PrintStream out = new PrintStream(Files.newOutputStream(Path.of(arguments[0])), false, "UTF-8")) {
            table.write(out);
        }
    }

    private Api of(String name, String parent, int level) {
        Api api = classes.computeIfAbsent(name, key -> new Api());
        if (api.since == 0) {
            api.since = level;
            api.parent = parent;
        }
        return api;
    }

    private void addSignatures(Path file, int level) throws Exception {
        try (ObjectInputStream in = new ObjectInputStream(new GZIPInputStream(Files.newInputStream(file)))) {
            for (Clazz read = (Clazz) in.readObject(); read != null; read = (Clazz) in.readObject()) {
                Api api = of(read.getName(), read.getSuperClass(), level);
                api.interfaces.addAll(List.of(read.getSuperInterfaces()));
                for (String signature : read.getSignatures()) {
                    int field = signature.indexOf('#');
                    Map<String, Integer> members = field < 0 ? api.methods : api.fields;
                    members.putIfAbsent(field < 0 ? signature : signature.substring(0, field), level);
                }
            }
        }
    }

    private void addClasses(Path jar, int level) throws Exception {
        try (JarFile file = new JarFile(jar.toFile())) {
            var names = new ArrayList<>(file.stream().toList());
            for (var entry : names) {
                String name = entry.getName();
                if (!name.matches("(android|dalvik|java|javax)/.*\\.class")) continue;
                try (InputStream in = file.getInputStream(entry)) {
                    new ClassReader(in).accept(new Members(level), ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG);
                }
            }
        }
    }

    private final class Members extends ClassVisitor {
        private static final int SEEN = Opcodes.ACC_PUBLIC | Opcodes.ACC_PROTECTED;
        private final int level;
        private Api api;

        Members(int level) {
            super(Opcodes.ASM9);
            this.level = level;
        }

        @Override
        public void visit(int version, int access, String name, String signature, String parent, String[] interfaces) {
            if ((access & SEEN) == 0) return;
            api = of(name, parent, level);
            api.interfaces.addAll(List.of(interfaces));
        }

        @Override
        public MethodVisitor visitMethod(int access, String name, String type, String signature, String[] exceptions) {
            if (api != null && (access & SEEN) != 0) api.methods.putIfAbsent(name + type, level);
            return null;
        }

        @Override
        public FieldVisitor visitField(int access, String name, String type, String signature, Object value) {
            if (api != null && (access & SEEN) != 0) api.fields.putIfAbsent(name, level);
            return null;
        }
    }

    private void correct(String type, String method, int level) {
        Integer before = classes.get(type).methods.put(method, level);
        if (before == null || before < level) throw new IllegalArgumentException(type + "#" + method + " is of " + before);
    }

    private void write(PrintStream out) {
        out.println("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<api version=\"3\">");
        classes.forEach((name, api) -> {
            out.printf("<class name=\"%s\" since=\"%d\">%n", escaped(name), api.since);
            if (api.parent != null) out.printf("<extends name=\"%s\"/>%n", known(api.parent));
            api.interfaces.stream()
                    .filter(classes::containsKey)
                    .forEach(each -> out.printf("<implements name=\"%s\"/>%n", escaped(each)));
            api.methods.forEach((method, since) -> member(out, "method", method, since, api.since));
            api.fields.forEach((field, since) -> member(out, "field", field, since, api.since));
            out.println("</class>");
        });
        out.println("</api>");
    }

    /** Lint wants every parent to be in the table; those that nobody can see are not. */
    private String known(String parent) {
        return classes.containsKey(parent) ? escaped(parent) : "java/lang/Object";
    }

    private static void member(PrintStream out, String kind, String name, int since, int owner) {
        String level = since == owner ? "" : " since=\"" + since + "\"";
        out.printf("<%s name=\"%s\"%s/>%n", kind, escaped(name), level);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
