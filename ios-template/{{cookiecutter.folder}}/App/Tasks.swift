/// The tasks of this app, in the order of the list.
@MainActor let taskEntries: [any TaskEntry] = [
{%- for task in cookiecutter.tasks["items"] %}
    {{ task.entry_ios }}(){% if loop.length > 1 %},{% endif %}
{%- endfor %}
]
