import java.io.File;
import java.util.Set;
import org.jf.dexlib2.DexFileFactory;
import org.jf.dexlib2.Opcodes;
import org.jf.dexlib2.iface.ClassDef;
import org.jf.dexlib2.iface.MultiDexContainer;
import org.jf.dexlib2.dexbacked.DexBackedDexFile;

/**
 * Prints the methods and fields that classes have in a zip of dex files, one "package.Class.member" a line.
 *
 * <pre>java DexNames.java ZIP CLASS...</pre>
 */
public final class DexNames {
    public static void main(String[] arguments) throws Exception {
        Set<String> wanted = Set.of(arguments);
        MultiDexContainer<? extends DexBackedDexFile> zip =
                DexFileFactory.loadDexContainer(new File(arguments[0]), Opcodes.getDefault());
        for (String entry : zip.getDexEntryNames()) {
            for (ClassDef type : zip.getEntry(entry).getDexFile().getClasses()) {
                String name = type.getType().replaceAll("^L|;$", "").replace('/', '.');
                if (!wanted.contains(name)) continue;
                type.getMethods().forEach(method -> System.out.println(name + "." + method.getName()));
                type.getFields().forEach(field -> System.out.println(name + "." + field.getName()));
            }
        }
    }
}
