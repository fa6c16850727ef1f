import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;

/**
 * Loads the native library into shrunk class files, as Android does: the library looks up classes, methods and fields
 * by name, and an exception of its own comes back.
 *
 * <pre>java Registered.java LIBRARY NUMBER_OF_FUNCTIONS</pre>
 */
public final class Registered {
    public static void main(String[] arguments) throws Exception {
        System.setProperty("handheld.library", arguments[0]);
        Class<?> type = Class.forName("dev.handheld.NativeTask");
        int natives = 0;
        Method open = null;
        for (Method method : type.getDeclaredMethods()) {
            if (!Modifier.isNative(method.getModifiers())) continue;
            natives++;
            method.setAccessible(true);
            if (method.getName().equals("open")) open = method;
        }
        if (natives != Integer.parseInt(arguments[1])) throw new AssertionError(natives + " native functions are left");
        Method version = type.getDeclaredMethod("version");
        version.setAccessible(true);
        String said = new String((byte[]) version.invoke(null), StandardCharsets.UTF_8);
        // A manifest that is none: native code has to find the exception's class and constructor.
        byte[] broken = "{".getBytes(StandardCharsets.UTF_8);
        String thrown = "nothing";
        try {
            open.invoke(null, null, broken, new byte[0][], new byte[0][], new int[0], new long[0], new long[0], null);
        } catch (InvocationTargetException failure) {
            thrown = failure.getCause().getClass().getName();
        }
        if (!thrown.equals("dev.handheld.HandheldException")) throw new AssertionError("open threw " + thrown);
        System.out.printf("core %s answers through %d functions; its exception arrives%n", said, natives);
    }
}
