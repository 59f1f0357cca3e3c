"""Where objects, materials, textures and skies come from; no Blender, final triangle meshes."""
